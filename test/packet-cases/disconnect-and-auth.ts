import type { Properties } from '../../src/protocol/properties.ts'
import {
  type FaultCase,
  malformed,
  type Packet,
  type PacketCase,
  protocolError,
  version3,
  version5,
} from './packet-case.ts'
import { wire } from './wire-notation.ts'

function disconnect(reasonCode = 0, properties: Properties = {}): Packet {
  return { type: 'disconnect', reasonCode, properties }
}

function auth(reasonCode: number, properties: Properties = {}): Packet {
  return { type: 'auth', reasonCode, properties }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

/** What a client may send, section 3.14.2.1. */
const clientCodes = [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]
/** What only a server may send, and codes that are none. */
const otherCodes = [0x01, 0x03, 0x05, 0x18, 0x7f, 0x84, 0x87, 0x8d, 0x8f, 0x91, 0x92, 0x9a, 0xa2, 0xff]

export const disconnectCases: readonly PacketCase[] = [
  { name: 'DISCONNECT 3.x', versions: version3, bytes: wire('e0 00'), packet: disconnect() },
  { name: 'DISCONNECT 5.0, two bytes', versions: version5, bytes: wire('e0 00'), packet: disconnect(), only: 'decode' },
  ...clientCodes.flatMap((code): PacketCase[] => [
    {
      name: `DISCONNECT 0x${hex(code)}, nothing behind it`,
      versions: version5,
      bytes: wire(`e0 01 ${hex(code)}`),
      packet: disconnect(code),
      alsoWholeAt: [0],
      only: 'decode',
    },
    {
      name: `DISCONNECT 0x${hex(code)}`,
      versions: version5,
      bytes: wire(`e0 02 ${hex(code)} 00`),
      packet: disconnect(code),
      alsoWholeAt: [0, 1],
    },
  ]),
  {
    name: 'DISCONNECT 5.0, every property of a client',
    versions: version5,
    bytes: wire(`e0 ( 04 ( 11 00 00 00 0a 1f 'why' 26 'k' 'v' ) )`),
    packet: disconnect(4, { sessionExpiryInterval: 10, reasonString: 'why', userProperties: [['k', 'v']] }),
    alsoWholeAt: [0, 1],
  },
  {
    name: 'DISCONNECT 5.0 of the broker',
    versions: version5,
    bytes: wire(`e0 ( 9c ( 1c 'other' 1f 'why' ) )`),
    packet: disconnect(0x9c, { reasonString: 'why', serverReference: 'other' }),
    only: 'encode',
  },
]

export const disconnectFaults: readonly FaultCase[] = [
  disconnectFault('a body in 3.x', version3, 'e0 01 00'),
  disconnectFault('a byte behind the properties', version5, 'e0 03 00 00 00'),
  disconnectFault('a server reference from a client', version5, `e0 ( 00 ( 1c 'other' ) )`),
  disconnectFault('a property it cannot have', version5, `e0 ( 00 ( 21 00 01 ) )`),
  ...otherCodes.map((code) =>
    disconnectFault(`reason code 0x${hex(code)} [MQTT5-3.14.2-1]`, version5, `e0 02 ${hex(code)} 00`),
  ),
]

export const authCases: readonly PacketCase[] = [
  { name: 'AUTH, two bytes', versions: version5, bytes: wire('f0 00'), packet: auth(0), only: 'decode' },
  {
    name: 'AUTH 0x00, nothing behind it',
    versions: version5,
    bytes: wire('f0 01 00'),
    packet: auth(0),
    alsoWholeAt: [0],
    only: 'decode',
  },
  { name: 'AUTH 0x00', versions: version5, bytes: wire('f0 02 00 00'), packet: auth(0), alsoWholeAt: [0, 1] },
  {
    name: 'AUTH 0x18, every property',
    versions: version5,
    bytes: wire(`f0 ( 18 ( 15 'm' 16 00 02 00 ff 1f 'why' 26 'k' 'v' ) )`),
    packet: auth(0x18, {
      authenticationMethod: 'm',
      authenticationData: Uint8Array.of(0, 255),
      reasonString: 'why',
      userProperties: [['k', 'v']],
    }),
    alsoWholeAt: [0],
  },
  {
    name: 'AUTH 0x19',
    versions: version5,
    bytes: wire(`f0 ( 19 ( 15 '' ) )`),
    packet: auth(0x19, { authenticationMethod: '' }),
    alsoWholeAt: [0],
  },
]

export const authFaults: readonly FaultCase[] = [
  authFault('a byte behind the properties', 'f0 03 00 00 00'),
  authFault('a property it cannot have', `f0 ( 00 ( 21 00 01 ) )`),
  ...[0x01, 0x17, 0x1a, 0x80, 0x87, 0xff].map((code) =>
    authFault(`reason code 0x${hex(code)} [MQTT5-3.15.2-1]`, `f0 ( ${hex(code)} ( 15 'm' ) )`),
  ),
  { ...authFault('0x18 without method', 'f0 02 18 00'), reasonCode: protocolError },
  { ...authFault('0x19 alone', 'f0 01 19'), reasonCode: protocolError },
  { ...authFault('data without method', `f0 ( 18 ( 16 'd' ) )`), reasonCode: protocolError },
]

function disconnectFault(name: string, versions: FaultCase['versions'], notation: string): FaultCase {
  return { name: `DISCONNECT: ${name}`, versions, type: 'disconnect', bytes: wire(notation), reasonCode: malformed }
}

function authFault(name: string, notation: string): FaultCase {
  return { name: `AUTH: ${name}`, versions: version5, type: 'auth', bytes: wire(notation), reasonCode: malformed }
}
