import type { Properties } from '../../src/protocol/properties.ts'
import { type FaultCase, malformed, type Packet, type PacketCase, version3, version5 } from './packet-case.ts'
import { wire } from './wire-notation.ts'

function connack(sessionPresent: boolean, reasonCode: number, properties: Properties = {}): Packet {
  return { type: 'connack', sessionPresent, reasonCode, properties }
}

export const connackCases: readonly PacketCase[] = [
  { name: 'CONNACK accepted', versions: version3, bytes: wire('20 02 00 00'), packet: connack(false, 0) },
  { name: 'CONNACK session present', versions: version3, bytes: wire('20 02 01 00'), packet: connack(true, 0) },
  { name: 'CONNACK not authorised', versions: version3, bytes: wire('20 02 00 05'), packet: connack(false, 5) },
  { name: 'CONNACK 5.0 accepted', versions: version5, bytes: wire('20 03 01 00 00'), packet: connack(true, 0) },
  { name: 'CONNACK 5.0 banned', versions: version5, bytes: wire('20 ( 00 8a ( ) )'), packet: connack(false, 0x8a) },
  {
    name: 'CONNACK 5.0, every property',
    versions: version5,
    bytes: wire(`
      20 (
        00 00
        (
          11 00 00 00 00 12 'auto'   | session expiry interval, assigned client identifier
          13 00 1e                   | server keep alive
          15 'm' 16 ''               | authentication method, empty data
          1a 'info' 1c 'other'       | response information, server reference
          1f 'why'                   | reason string
          21 ff ff 22 00 00          | receive maximum, topic alias maximum
          24 01 25 00                | maximum QoS, retain available
          26 '' ''                   | user property
          27 ff ff ff ff             | maximum packet size
          28 00 29 01 2a 00          | wildcard, subscription identifiers, shared subscriptions available
        )
      )`),
    packet: connack(false, 0, {
      sessionExpiryInterval: 0,
      assignedClientIdentifier: 'auto',
      serverKeepAlive: 30,
      authenticationMethod: 'm',
      authenticationData: new Uint8Array(0),
      responseInformation: 'info',
      serverReference: 'other',
      reasonString: 'why',
      receiveMaximum: 65_535,
      topicAliasMaximum: 0,
      maximumQos: 1,
      retainAvailable: 0,
      userProperties: [['', '']],
      maximumPacketSize: 0xffff_ffff,
      wildcardSubscriptionAvailable: 0,
      subscriptionIdentifiersAvailable: 1,
      sharedSubscriptionAvailable: 0,
    }),
  },
]

export const connackFaults: readonly FaultCase[] = [
  fault('reserved flags [MQTT5-3.2.2-1]', version3, '20 02 02 00'),
  fault('reserved flags with session present [MQTT5-3.2.2-1]', version5, '20 03 03 00 00'),
  fault('a byte behind the end', version3, '20 03 00 00 00'),
  fault('a byte behind the end in 5.0', version5, '20 04 00 00 00 00'),
  fault('no reason code', version3, '20 01 00'),
  fault('no properties', version5, '20 02 00 00'),
]

function fault(name: string, versions: FaultCase['versions'], notation: string): FaultCase {
  return { name: `CONNACK: ${name}`, versions, type: 'connack', bytes: wire(notation), reasonCode: malformed }
}
