import type { SubscriptionRequest } from '../../src/protocol/packets/subscribe.ts'
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

function request(topicFilter: string, parts: Partial<SubscriptionRequest> = {}): SubscriptionRequest {
  return { topicFilter, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0, ...parts }
}

function subscribe(packetId: number, subscriptions: SubscriptionRequest[], properties: Properties = {}): Packet {
  return { type: 'subscribe', packetId, properties, subscriptions }
}

export const subscribeCases: readonly PacketCase[] = [
  {
    name: 'SUBSCRIBE to one topic filter',
    versions: version3,
    bytes: wire(`
      82 08          | SUBSCRIBE with its flags
      00 0a          | packet identifier
      00 03 "a/#"    | topic filter
      00             | QoS 0
    `),
    packet: subscribe(10, [request('a/#')]),
  },
  {
    name: 'SUBSCRIBE at each QoS',
    versions: version3,
    bytes: wire(`82 ( ff ff 'a' 00 'b' 01 '+' 02 )`),
    packet: subscribe(65_535, [request('a'), request('b', { qos: 1 }), request('+', { qos: 2 })]),
    alsoWholeAt: [6, 10],
  },
  {
    name: 'SUBSCRIBE to the empty topic filter, refused by whoever checks its syntax',
    versions: version3,
    bytes: wire(`82 ( 00 01 '' 00 )`),
    packet: subscribe(1, [request('')]),
  },
  {
    name: 'SUBSCRIBE 5.0 with each option',
    versions: version5,
    bytes: wire(`
      82 (
        00 01 ( )
        'a' 04       | no local
        'b' 08       | retain as published
        'c' 10       | retain handling 1
        'd' 20       | retain handling 2
        'e' 2e       | QoS 2 and all of them
      )`),
    packet: subscribe(1, [
      request('a', { noLocal: true }),
      request('b', { retainAsPublished: true }),
      request('c', { retainHandling: 1 }),
      request('d', { retainHandling: 2 }),
      request('e', { qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 }),
    ]),
    alsoWholeAt: [7, 11, 15, 19],
  },
  {
    name: 'SUBSCRIBE 5.0, every property',
    versions: version5,
    bytes: wire(`82 ( 00 01 ( 0b ff ff ff 7f 26 'k' 'v' 26 'k' 'v' ) '$share/g/t' 01 )`),
    packet: subscribe(1, [request('$share/g/t', { qos: 1 })], {
      subscriptionIdentifiers: [268_435_455],
      userProperties: [
        ['k', 'v'],
        ['k', 'v'],
      ],
    }),
  },
]

export const subscribeFaults: readonly FaultCase[] = [
  fault('no body', everyVersion, malformed, '82 00'),
  fault('packet identifier 0 [MQTT5-2.2.1-3]', everyVersion, protocolError, `82 ( 00 00 ( ) 'a' 00 )`),
  fault('no topic filter [MQTT5-3.8.3-2]', version3, protocolError, '82 02 00 01'),
  fault('no topic filter in 5.0 [MQTT5-3.8.3-2]', version5, protocolError, '82 03 00 01 00'),
  fault('a topic filter without options', version3, malformed, `82 ( 00 01 'a' )`),
  fault('a topic filter that is no UTF-8 [MQTT5-3.8.3-1]', version3, malformed, `82 ( 00 01 00 01 ff 00 )`),
  fault('QoS 3', version3, protocolError, `82 ( 00 01 'a' 03 )`),
  fault('QoS 3 in 5.0', version5, protocolError, `82 ( 00 01 ( ) 'a' 03 )`),
  ...['04', '08', '10', '20', '40', '80'].map((bit) =>
    fault(`bit 0x${bit} of the options in 3.x [MQTT311-3.8.3-4]`, version3, malformed, `82 ( 00 01 'a' ${bit} )`),
  ),
  fault('bit 0x40 of the options [MQTT5-3.8.3-5]', version5, malformed, `82 ( 00 01 ( ) 'a' 40 )`),
  fault('bit 0x80 of the options [MQTT5-3.8.3-5]', version5, malformed, `82 ( 00 01 ( ) 'a' 80 )`),
  fault('retain handling 3', version5, protocolError, `82 ( 00 01 ( ) 'a' 30 )`),
  fault('subscription identifier 0', version5, protocolError, `82 ( 00 01 ( 0b 00 ) 'a' 00 )`),
  fault('subscription identifier twice', version5, protocolError, `82 ( 00 01 ( 0b 01 0b 02 ) 'a' 00 )`),
  fault('a reason string', version5, malformed, `82 ( 00 01 ( 1f 'why' ) 'a' 00 )`),
  fault('a second topic filter without options', version5, malformed, `82 ( 00 01 ( ) 'a' 00 'b' )`),
]

function fault(
  name: string,
  versions: FaultCase['versions'],
  reasonCode: FaultCase['reasonCode'],
  notation: string,
): FaultCase {
  return { name: `SUBSCRIBE: ${name}`, versions, type: 'subscribe', bytes: wire(notation), reasonCode }
}
