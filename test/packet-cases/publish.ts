import {
  everyVersion,
  type FaultCase,
  malformed,
  type Packet,
  type PacketCase,
  protocolError,
  type PublishPacket,
  topicAliasInvalid,
  version3,
  version31,
  version311,
  version5,
} from './packet-case.ts'
import { wire } from './wire-notation.ts'

const plain: PublishPacket = {
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  topicName: 'a/b',
  properties: {},
  payload: new Uint8Array(0),
}

function publish(parts: Partial<PublishPacket>): Packet {
  return { type: 'publish', ...plain, ...parts }
}

export const publishCases: readonly PacketCase[] = [
  {
    name: 'PUBLISH QoS 0',
    versions: version3,
    bytes: wire(`
      30 07           | PUBLISH, remaining length
      00 03 "a/b"     | topic name
      "hi"            | payload
    `),
    packet: publish({ payload: wire('"hi"') }),
  },
  { name: 'PUBLISH QoS 0, empty payload', versions: version3, bytes: wire(`30 05 'a/b'`), packet: publish({}) },
  {
    name: 'PUBLISH QoS 1, retain, packet identifier 1',
    versions: version3,
    bytes: wire(`33 ( 'a/b' 00 01 "x" )`),
    packet: publish({ qos: 1, retain: true, packetId: 1, payload: wire('"x"') }),
  },
  {
    name: 'PUBLISH QoS 2, DUP, packet identifier 65535',
    versions: version3,
    bytes: wire(`3c ( 'a/b' ff ff "x" )`),
    packet: publish({ qos: 2, dup: true, packetId: 65_535, payload: wire('"x"') }),
  },
  {
    name: 'PUBLISH 3.1 QoS 0 with DUP, which that text does not forbid',
    versions: version31,
    bytes: wire(`38 ( 'a/b' )`),
    packet: publish({ dup: true }),
  },
  {
    name: 'PUBLISH 3.1.1, empty topic name, refused by whoever resolves it',
    versions: version311,
    bytes: wire(`30 ( '' "x" )`),
    packet: publish({ topicName: '', payload: wire('"x"') }),
  },
  {
    name: 'PUBLISH 5.0 QoS 0, no properties',
    versions: version5,
    bytes: wire(`30 ( 'a/b' ( ) 00 )   | payload of one zero`),
    packet: publish({ payload: Uint8Array.of(0) }),
  },
  {
    name: 'PUBLISH 5.0 QoS 1, no properties, empty payload, packet identifier 256',
    versions: version5,
    bytes: wire(`32 ( 'a/b' 01 00 ( ) )`),
    packet: publish({ qos: 1, packetId: 256 }),
  },
  {
    name: 'PUBLISH 5.0 QoS 2, every property of a client',
    versions: version5,
    bytes: wire(`
      3d (                          | DUP, QoS 2, retain
        'a/b' 80 00                 | packet identifier 32768
        (
          01 01                     | payload format indicator
          02 01 02 03 04            | message expiry interval
          03 'text/plain'           | content type
          08 'answer/to'            | response topic
          09 00 03 00 ff 01         | correlation data
          26 'k' 'v' 26 'k' 'w'     | user properties
          23 00 05                  | topic alias
        )
        "payload"
      )`),
    packet: publish({
      qos: 2,
      dup: true,
      retain: true,
      packetId: 32_768,
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 0x0102_0304,
        contentType: 'text/plain',
        responseTopic: 'answer/to',
        correlationData: Uint8Array.of(0, 255, 1),
        userProperties: [
          ['k', 'v'],
          ['k', 'w'],
        ],
        topicAlias: 5,
      },
      payload: wire('"payload"'),
    }),
  },
  {
    name: 'PUBLISH 5.0, topic alias in place of the topic name',
    versions: version5,
    bytes: wire(`30 ( '' ( 23 ff ff ) "x" )`),
    packet: publish({ topicName: '', properties: { topicAlias: 65_535 }, payload: wire('"x"') }),
  },
  {
    name: 'PUBLISH 5.0, properties of zero and empty text',
    versions: version5,
    bytes: wire(`30 ( 'a/b' ( 01 00 02 00 00 00 01 03 '' 09 '' 26 '' '' ) )`),
    packet: publish({
      properties: {
        payloadFormatIndicator: 0,
        messageExpiryInterval: 1,
        contentType: '',
        correlationData: new Uint8Array(0),
        userProperties: [['', '']],
      },
    }),
  },
  {
    name: 'PUBLISH 5.0, property length of two bytes',
    versions: version5,
    bytes: wire(`30 e8 02  'a/b'  df 02  03 01 5c 61*348  "xy"   | remaining length 360, property length 351`),
    packet: publish({ properties: { contentType: 'a'.repeat(348) }, payload: wire('"xy"') }),
  },
  ...[
    { remaining: 127, header: '30 7f', payload: 122 },
    { remaining: 128, header: '30 80 01', payload: 123 },
    { remaining: 16_383, header: '30 ff 7f', payload: 16_378 },
    { remaining: 16_384, header: '30 80 80 01', payload: 16_379 },
  ].map(({ remaining, header, payload }): PacketCase => ({
    name: `PUBLISH, remaining length ${remaining} [MQTT5-1.5.5-1]`,
    versions: version311,
    bytes: wire(`${header} 'a/b' 2a*${payload}`),
    packet: publish({ payload: new Uint8Array(payload).fill(0x2a) }),
  })),
  {
    name: 'PUBLISH, topic name of 300 bytes',
    versions: version311,
    bytes: wire(`30 ( 01 2c 61*300 )`),
    packet: publish({ topicName: 'a'.repeat(300) }),
  },
  {
    name: 'PUBLISH, topic name with U+FEFF and beyond U+FFFF [MQTT5-1.5.4-3]',
    versions: version311,
    bytes: wire(`30 ( 00 0b ef bb bf f0 9f 8c b3 2f c3 a9 21 )`),
    packet: publish({ topicName: '\uFEFF\u{1F333}/\u00E9!' }),
  },
  {
    name: 'PUBLISH 5.0 to a subscriber: its subscription identifiers and alias come last',
    versions: version5,
    bytes: wire(`
      32 (
        'a/b' 00 07
        (
          01 01                 | what the publisher sent
          0b 01 0b 80 01        | subscription identifiers 1, 128
          0b ff ff ff 7f        | and the largest
          23 01 02              | alias of the connection
        )
        "x"
      )`),
    packet: publish({
      qos: 1,
      packetId: 7,
      properties: { payloadFormatIndicator: 1, subscriptionIdentifiers: [1, 128, 268_435_455], topicAlias: 258 },
      payload: wire('"x"'),
    }),
    only: 'encode',
  },
]

export const publishFaults: readonly FaultCase[] = [
  fault('QoS 3 [MQTT5-3.3.1-4]', everyVersion, malformed, `36 ( 'a/b' 00 01 ( ) )`),
  fault('DUP at QoS 0 [MQTT5-3.3.1-2]', [4, 5], malformed, `38 ( 'a/b' ( ) )`),
  fault('no body', everyVersion, malformed, `30 00`),
  fault('one byte', everyVersion, malformed, `30 01 00`),
  fault('a topic name past the end', everyVersion, malformed, `30 ( 00 04 "a/b" )`),
  fault('no packet identifier', everyVersion, malformed, `32 ( 'a/b' )`),
  fault('half a packet identifier', everyVersion, malformed, `32 ( 'a/b' 01 )`),
  fault('packet identifier 0 at QoS 1 [MQTT5-2.2.1-3]', everyVersion, protocolError, `32 ( 'a/b' 00 00 ( ) )`),
  fault('packet identifier 0 at QoS 2 [MQTT5-2.2.1-3]', everyVersion, protocolError, `34 ( 'a/b' 00 00 ( ) )`),
  five('no property length', malformed, `30 ( 'a/b' )`),
  five('a property length past the end', malformed, `30 ( 'a/b' 02 01 )`),
  five('a property length that is not in the fewest bytes', malformed, `30 ( 'a/b' 80 00 )`),
  five('a property past the properties, inside the packet', malformed, `30 ( 'a/b' 03 02 00 00 00 00 00 00 )`),
  five('payload format indicator 2', protocolError, `30 ( 'a/b' ( 01 02 ) )`),
  five('payload format indicator twice', protocolError, `30 ( 'a/b' ( 01 00 01 00 ) )`),
  five('payload format indicator without value', malformed, `30 ( 'a/b' ( 01 ) 01 )`),
  five('message expiry interval twice', protocolError, `30 ( 'a/b' ( 02 00 00 00 01 02 00 00 00 01 ) )`),
  five('message expiry interval cut', malformed, `30 ( 'a/b' ( 02 00 00 00 ) 01 )`),
  five('content type twice', protocolError, `30 ( 'a/b' ( 03 '' 03 '' ) )`),
  five('content type cut', malformed, `30 ( 'a/b' ( 03 00 02 61 ) 61 )`),
  five('content type that is no UTF-8', malformed, `30 ( 'a/b' ( 03 00 01 ff ) )`),
  five('response topic twice', protocolError, `30 ( 'a/b' ( 08 'r' 08 'r' ) )`),
  five('response topic with + [MQTT5-3.3.2-14]', protocolError, `30 ( 'a/b' ( 08 'r/+' ) )`),
  five('response topic with # [MQTT5-3.3.2-14]', protocolError, `30 ( 'a/b' ( 08 '#' ) )`),
  five('response topic empty [MQTT5-4.7.3-1]', protocolError, `30 ( 'a/b' ( 08 '' ) )`),
  five('response topic that is no UTF-8', malformed, `30 ( 'a/b' ( 08 00 02 c3 28 ) )`),
  five('correlation data twice', protocolError, `30 ( 'a/b' ( 09 '' 09 '' ) )`),
  five('correlation data cut', malformed, `30 ( 'a/b' ( 09 00 02 61 ) 61 )`),
  five('subscription identifier from a client [MQTT5-3.3.4-6]', protocolError, `30 ( 'a/b' ( 0b 01 ) )`),
  five('topic alias 0 [MQTT5-3.3.2-8]', topicAliasInvalid, `30 ( 'a/b' ( 23 00 00 ) )`),
  five('topic alias twice', protocolError, `30 ( 'a/b' ( 23 00 01 23 00 01 ) )`),
  five('topic alias cut', malformed, `30 ( 'a/b' ( 23 00 ) 01 )`),
  five('user property without value', malformed, `30 ( 'a/b' ( 26 'k' ) 'v' )`),
  five('user property name that is no UTF-8 [MQTT5-1.5.7-1]', malformed, `30 ( 'a/b' ( 26 00 01 80 'v' ) )`),
  five('user property value with U+0000 [MQTT5-1.5.7-1]', malformed, `30 ( 'a/b' ( 26 'k' 00 01 00 ) )`),
  five('property 0x00', malformed, `30 ( 'a/b' ( 00 ) )`),
  five('property 0x04, which there is not', malformed, `30 ( 'a/b' ( 04 00 ) )`),
  five('property 0x11 of CONNECT', malformed, `30 ( 'a/b' ( 11 00 00 00 01 ) )`),
  five('property 0x18 of the will', malformed, `30 ( 'a/b' ( 18 00 00 00 01 ) )`),
  five('property 0x1f of answers', malformed, `30 ( 'a/b' ( 1f 'why' ) )`),
  five('property 0x2b, which there is not', malformed, `30 ( 'a/b' ( 2b 00 ) )`),
  five('a property identifier of two bytes', malformed, `30 ( 'a/b' ( 81 01 ) )`),
]

function fault(
  name: string,
  versions: FaultCase['versions'],
  reasonCode: FaultCase['reasonCode'],
  notation: string,
): FaultCase {
  return { name: `PUBLISH: ${name}`, versions, type: 'publish', bytes: wire(notation), reasonCode }
}

function five(name: string, reasonCode: FaultCase['reasonCode'], notation: string): FaultCase {
  return fault(name, version5, reasonCode, notation)
}
