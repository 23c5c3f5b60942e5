import type { ConnectPacket } from '../../src/protocol/packets/connect.ts'
import {
  everyVersion,
  type FaultCase,
  malformed,
  type Packet,
  type PacketCase,
  protocolError,
  version3,
  version31,
  version311,
  version5,
} from './packet-case.ts'
import { wire } from './wire-notation.ts'

const plain: ConnectPacket = {
  protocolVersion: 5,
  isBridge: false,
  cleanStart: true,
  keepAlive: 60,
  clientId: 'id',
  will: undefined,
  userName: undefined,
  password: undefined,
  properties: {},
}

function connect(parts: Partial<ConnectPacket>): Packet {
  return { type: 'connect', ...plain, ...parts }
}

export const connectCases: readonly PacketCase[] = [
  {
    name: 'CONNECT 3.1, least',
    versions: version31,
    bytes: wire(`
      10 (             | CONNECT
        'MQIsdp' 03    | protocol name and level
        02 00 3c       | clean session, keep alive 60
        'id'           | client identifier
      )`),
    packet: connect({ protocolVersion: 3 }),
  },
  {
    name: 'CONNECT 3.1 of a bridge',
    versions: version31,
    bytes: wire(`10 ( 'MQIsdp' 83  02 00 3c 'id' )  | level with bit 7`),
    packet: connect({ protocolVersion: 3, isBridge: true }),
  },
  {
    name: 'CONNECT 3.1 with bit 0 of the flags, which that text leaves open',
    versions: version31,
    bytes: wire(`10 ( 'MQIsdp' 03  03 00 3c 'id' )`),
    packet: connect({ protocolVersion: 3 }),
    only: 'decode',
  },
  {
    name: 'CONNECT 3.1 with user name and password',
    versions: version31,
    bytes: wire(`10 ( 'MQIsdp' 03  c2 00 3c 'id' 'user' 'word' )`),
    packet: connect({ protocolVersion: 3, userName: 'user', password: wire('"word"') }),
    alsoWholeAt: [16, 22], // the length wins over the flags
  },
  {
    name: 'CONNECT 3.1 whose flags promise a user name and a password that are not there',
    versions: version31,
    bytes: wire(`10 ( 'MQIsdp' 03  c2 00 3c 'id' )`),
    packet: connect({ protocolVersion: 3 }),
    only: 'decode',
  },
  {
    name: 'CONNECT 3.1.1, least',
    versions: version311,
    bytes: Uint8Array.from([
      0x10,
      14, // CONNECT, remaining length
      0,
      4,
      0x4d,
      0x51,
      0x54,
      0x54,
      4, // MQTT, level
      2,
      0,
      60, // clean session, keep alive
      0,
      2,
      0x69,
      0x64, // client identifier
    ]),
    packet: connect({ protocolVersion: 4 }),
  },
  {
    name: 'CONNECT 3.1.1 of a bridge',
    versions: version311,
    bytes: wire(`10 ( 'MQTT' 84  02 00 3c 'id' )`),
    packet: connect({ protocolVersion: 4, isBridge: true }),
  },
  {
    name: 'CONNECT 3.1.1, everything in it',
    versions: version311,
    bytes: wire(`
      10 (
        'MQTT' 04
        f6 ff ff        | user name, password, will retain, will QoS 2, will, clean session; keep alive 65535
        'id'
        'w/t' 'bye'     | will topic and message
        'user' 00 03 00 01 ff
      )`),
    packet: connect({
      protocolVersion: 4,
      keepAlive: 65_535,
      will: { topicName: 'w/t', payload: wire('"bye"'), qos: 2, retain: true, properties: {} },
      userName: 'user',
      password: Uint8Array.of(0, 1, 255),
    }),
  },
  {
    name: 'CONNECT 3.1.1 with an empty will, empty client identifier, session kept',
    versions: version311,
    bytes: wire(`10 ( 'MQTT' 04  0c 01 02  ''  'w' '' )   | will QoS 1`),
    packet: connect({
      protocolVersion: 4,
      cleanStart: false,
      keepAlive: 258,
      clientId: '',
      will: { topicName: 'w', payload: new Uint8Array(0), qos: 1, retain: false, properties: {} },
    }),
  },
  {
    name: 'CONNECT 3.1.1 with a user name and no password',
    versions: version311,
    bytes: wire(`10 ( 'MQTT' 04  80 00 00  'id'  '' )`),
    packet: connect({ protocolVersion: 4, cleanStart: false, keepAlive: 0, userName: '' }),
  },
  {
    name: 'CONNECT 5.0, least',
    versions: version5,
    bytes: wire(`10 ( 'MQTT' 05  02 00 3c  ( )  'id' )   | no properties`),
    packet: connect({}),
  },
  {
    name: 'CONNECT 5.0 with a password and no user name, remaining length of two bytes',
    versions: version5,
    bytes: wire(`10 90 01  'MQTT' 05  40 00 3c  00  'id'  00 7f 61*127`),
    packet: connect({ cleanStart: false, password: wire('61*127') }),
  },
  {
    name: 'CONNECT 5.0, every property',
    versions: version5,
    bytes: wire(`
      10 (
        'MQTT' 05
        2e 00 3c                 | will retain, will QoS 1, will, clean start
        (
          11 ff ff ff ff         | session expiry interval
          15 'plain' 16 'data'   | authentication method and data
          17 00 19 01            | request problem information, request response information
          21 00 01 22 ff ff      | receive maximum, topic alias maximum
          26 'a' 'b' 26 'a' 'b'  | user property, twice
          27 00 00 00 01         | maximum packet size
        )
        'id'
        (
          01 01 02 00 00 00 0a   | payload format indicator, message expiry interval
          03 'text' 08 'r/t'     | content type, response topic
          09 'corr'              | correlation data
          18 00 00 01 00         | will delay interval
          26 'k' ''              | user property
        )
        'w' 'bye'
      )`),
    packet: connect({
      properties: {
        sessionExpiryInterval: 0xffff_ffff,
        authenticationMethod: 'plain',
        authenticationData: wire('"data"'),
        requestProblemInformation: 0,
        requestResponseInformation: 1,
        receiveMaximum: 1,
        topicAliasMaximum: 65_535,
        userProperties: [
          ['a', 'b'],
          ['a', 'b'],
        ],
        maximumPacketSize: 1,
      },
      will: {
        topicName: 'w',
        payload: wire('"bye"'),
        qos: 1,
        retain: true,
        properties: {
          payloadFormatIndicator: 1,
          messageExpiryInterval: 10,
          contentType: 'text',
          responseTopic: 'r/t',
          correlationData: wire('"corr"'),
          willDelayInterval: 256,
          userProperties: [['k', '']],
        },
      },
    }),
  },
]

export const connectFaults: readonly FaultCase[] = [
  fault('another protocol name [MQTT5-3.1.2-1]', everyVersion, `10 ( 'MQTX' 04  02 00 3c 'id' )`),
  fault('no body', everyVersion, `10 ( )`),
  fault('the reserved flag [MQTT5-3.1.2-3]', version311, `10 ( 'MQTT' 04  03 00 3c 'id' )`),
  fault('the reserved flag in 5.0 [MQTT5-3.1.2-3]', version5, `10 ( 'MQTT' 05  03 00 3c ( ) 'id' )`),
  fault('will QoS 3 [MQTT5-3.1.2-12]', version311, `10 ( 'MQTT' 04  1e 00 3c 'id' 'w' 'm' )`),
  fault('will QoS 1 without will [MQTT5-3.1.2-11]', version311, `10 ( 'MQTT' 04  0a 00 3c 'id' )`),
  fault('will QoS 2 without will [MQTT5-3.1.2-11]', version5, `10 ( 'MQTT' 05  12 00 3c ( ) 'id' )`),
  fault('will retain without will [MQTT5-3.1.2-13]', version5, `10 ( 'MQTT' 05  22 00 3c ( ) 'id' )`),
  fault('will retain without will in 3.1 [MQTT311-3.1.2-15]', version31, `10 ( 'MQIsdp' 03  22 00 3c 'id' )`),
  fault('password without user name [MQTT311-3.1.2-22]', version311, `10 ( 'MQTT' 04  42 00 3c 'id' 'word' )`),
  fault('password without user name in 3.1', version31, `10 ( 'MQIsdp' 03  42 00 3c 'id' 'word' )`),
  fault('a byte behind the end', version311, `10 ( 'MQTT' 04  02 00 3c 'id' 00 )`),
  fault('a byte behind the end in 3.1', version31, `10 ( 'MQIsdp' 03  02 00 3c 'id' 00 )`),
  fault('a byte behind the end in 5.0', version5, `10 ( 'MQTT' 05  02 00 3c ( ) 'id' 00 )`),
  fault('a flagged user name that is not there', version311, `10 ( 'MQTT' 04  82 00 3c 'id' )`),
  fault('a flagged user name that is not there in 5.0', version5, `10 ( 'MQTT' 05  82 00 3c ( ) 'id' )`),
  fault('a flagged password that is not there', version5, `10 ( 'MQTT' 05  42 00 3c ( ) 'id' )`),
  fault('U+0000 in the client identifier [MQTT5-1.5.4-2]', version3, `10 ( 'MQTT' 04  02 00 3c 00 01 00 )`),
  fault('a user name that is no UTF-8 [MQTT5-3.1.3-12]', version311, `10 ( 'MQTT' 04  82 00 3c 'id' 00 01 ff )`),
  fault('a will topic that is no UTF-8 [MQTT5-3.1.3-11]', version311, `10 ( 'MQTT' 04  06 00 3c 'id' 00 01 c0 'm' )`),
  fault('a will property among those of CONNECT', version5, `10 ( 'MQTT' 05  02 00 3c ( 18 00 00 00 01 ) 'id' )`),
  fault('a property of CONNECT in the will', version5, `10 ( 'MQTT' 05  06 00 3c ( ) 'id' ( 21 00 01 ) 'w' 'm' )`),
  {
    ...fault('authentication data without method', version5, `10 ( 'MQTT' 05  02 00 3c ( 16 'data' ) 'id' )`),
    reasonCode: protocolError,
  },
]

function fault(name: string, versions: FaultCase['versions'], notation: string): FaultCase {
  return { name: `CONNECT: ${name}`, versions, type: 'connect', bytes: wire(notation), reasonCode: malformed }
}
