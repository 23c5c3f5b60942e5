import type { Properties } from '../../src/protocol/properties.ts'
import {
  everyVersion,
  type FaultCase,
  malformed,
  type Packet,
  type PacketCase,
  protocolError,
  version3,
  version5,
} from './packet-case.ts'
import { wire } from './wire-notation.ts'

function unsubscribe(packetId: number, topicFilters: string[], properties: Properties = {}): Packet {
  return { type: 'unsubscribe', packetId, properties, topicFilters }
}

export const unsubscribeCases: readonly PacketCase[] = [
  {
    name: 'UNSUBSCRIBE from one topic filter',
    versions: version3,
    bytes: wire(`a2 07 00 0a 00 03 "a/#"`),
    packet: unsubscribe(10, ['a/#']),
  },
  {
    name: 'UNSUBSCRIBE from several',
    versions: version3,
    bytes: wire(`a2 ( ff ff 'a' 'b/c' '' )`),
    packet: unsubscribe(65_535, ['a', 'b/c', '']),
    alsoWholeAt: [5, 10],
  },
  {
    name: 'UNSUBSCRIBE 5.0',
    versions: version5,
    bytes: wire(`a2 ( 01 00 ( ) 'a' )`),
    packet: unsubscribe(256, ['a']),
  },
  {
    name: 'UNSUBSCRIBE 5.0, every property',
    versions: version5,
    bytes: wire(`a2 ( 00 01 ( 26 'k' 'v' ) 'a' 'b' )`),
    packet: unsubscribe(1, ['a', 'b'], { userProperties: [['k', 'v']] }),
    alsoWholeAt: [13],
  },
]

export const unsubscribeFaults: readonly FaultCase[] = [
  fault('no body', everyVersion, malformed, 'a2 00'),
  fault('packet identifier 0 [MQTT5-2.2.1-3]', everyVersion, protocolError, `a2 ( 00 00 ( ) 'a' )`),
  fault('no topic filter [MQTT5-3.10.3-2]', version3, protocolError, 'a2 02 00 01'),
  fault('no topic filter in 5.0 [MQTT5-3.10.3-2]', version5, protocolError, 'a2 03 00 01 00'),
  fault('a topic filter that is no UTF-8 [MQTT5-3.10.3-1]', version3, malformed, `a2 ( 00 01 00 01 ff )`),
  fault('a second topic filter cut', version5, malformed, `a2 ( 00 01 ( ) 'a' 00 )`),
  fault('a subscription identifier', version5, malformed, `a2 ( 00 01 ( 0b 01 ) 'a' )`),
]

function fault(
  name: string,
  versions: FaultCase['versions'],
  reasonCode: FaultCase['reasonCode'],
  notation: string,
): FaultCase {
  return { name: `UNSUBSCRIBE: ${name}`, versions, type: 'unsubscribe', bytes: wire(notation), reasonCode }
}
