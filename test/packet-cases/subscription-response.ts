import type { SubscriptionResponse } from '../../src/protocol/packets/subscription-response.ts'
import {
  everyVersion, type FaultCase, malformed, type PacketCase, protocolError, version3, version5,
} from './packet-case.ts'
import { wire } from './wire-notation.ts'

function response(
  type: SubscriptionResponse['type'],
  packetId: number,
  reasonCodes: number[],
  properties: SubscriptionResponse['properties'] = {},
): SubscriptionResponse {
  return { type, packetId, properties, reasonCodes }
}

export const subscriptionResponseCases: readonly PacketCase[] = [
  {
    name: 'SUBACK for one topic filter',
    versions: version3,
    bytes: wire('90 03 00 0a 01'),
    packet: response('suback', 10, [1]),
    alsoWholeAt: [2],
  },
  {
    name: 'SUBACK for several, one refused',
    versions: version3,
    bytes: wire('90 ( ff ff 00 01 02 80 )'),
    packet: response('suback', 65_535, [0, 1, 2, 0x80]),
    alsoWholeAt: [2, 3, 4, 5],
  },
  {
    name: 'SUBACK 5.0, every property',
    versions: version5,
    bytes: wire(`90 ( 00 01 ( 1f 'why' 26 'k' 'v' ) 00 9e )`),
    packet: response('suback', 1, [0, 0x9e], { reasonString: 'why', userProperties: [['k', 'v']] }),
    alsoWholeAt: [16, 17],
  },
  {
    name: 'SUBACK 5.0 without properties',
    versions: version5,
    bytes: wire('90 04 01 00 00 87'),
    packet: response('suback', 256, [0x87]),
    alsoWholeAt: [3],
  },
  {
    name: 'UNSUBACK 3.x, which has no payload',
    versions: version3,
    bytes: wire('b0 02 00 0a'),
    packet: response('unsuback', 10, []),
  },
  {
    name: 'UNSUBACK 5.0',
    versions: version5,
    bytes: wire('b0 05 00 0a 00 00 11'),
    packet: response('unsuback', 10, [0, 0x11]),
    alsoWholeAt: [3, 4],
  },
  {
    name: 'UNSUBACK 5.0, every property',
    versions: version5,
    bytes: wire(`b0 ( 00 01 ( 1f 'why' 26 'k' 'v' ) 8f )`),
    packet: response('unsuback', 1, [0x8f], { reasonString: 'why', userProperties: [['k', 'v']] }),
    alsoWholeAt: [16],
  },
]

export const subscriptionResponseFaults: readonly FaultCase[] = [
  { ...fault('suback', everyVersion, '90 ( 00 00 ( ) 00 )'), name: 'SUBACK: packet identifier 0', reasonCode: protocolError },
  { ...fault('unsuback', everyVersion, 'b0 ( 00 00 ( ) )'), name: 'UNSUBACK: packet identifier 0', reasonCode: protocolError },
  { ...fault('suback', everyVersion, '90 01 00'), name: 'SUBACK: half a packet identifier' },
  { ...fault('unsuback', version3, 'b0 03 00 01 00'), name: 'UNSUBACK: a payload in 3.x' },
  { ...fault('suback', version5, '90 02 00 01'), name: 'SUBACK: no properties' },
  { ...fault('suback', version5, '90 ( 00 01 ( 0b 01 ) 00 )'), name: 'SUBACK: a subscription identifier' },
  { ...fault('unsuback', version5, 'b0 ( 00 01 ( 0b 01 ) 00 )'), name: 'UNSUBACK: a subscription identifier' },
]

function fault(type: FaultCase['type'], versions: FaultCase['versions'], notation: string): FaultCase {
  return { name: '', versions, type, bytes: wire(notation), reasonCode: malformed }
}
