import type { SubscriptionResponse } from '../../src/protocol/packets/subscription-response.ts'
import {
  everyVersion,
  type FaultCase,
  malformed,
  type PacketCase,
  protocolError,
  version3,
  version5,
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
  { ...fault('suback', 'packet identifier 0', everyVersion, '90 ( 00 00 ( ) 00 )'), reasonCode: protocolError },
  { ...fault('unsuback', 'packet identifier 0', everyVersion, 'b0 ( 00 00 ( ) )'), reasonCode: protocolError },
  fault('suback', 'half a packet identifier', everyVersion, '90 01 00'),
  fault('unsuback', 'a payload in 3.x', version3, 'b0 03 00 01 00'),
  fault('suback', 'no properties', version5, '90 02 00 01'),
  fault('suback', 'a subscription identifier', version5, '90 ( 00 01 ( 0b 01 ) 00 )'),
  fault('unsuback', 'a subscription identifier', version5, 'b0 ( 00 01 ( 0b 01 ) 00 )'),
]

function fault(
  type: SubscriptionResponse['type'],
  name: string,
  versions: FaultCase['versions'],
  notation: string,
): FaultCase {
  return { name: `${type.toUpperCase()}: ${name}`, versions, type, bytes: wire(notation), reasonCode: malformed }
}
