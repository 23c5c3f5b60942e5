import type { PublishResponseType } from '../../src/protocol/packets/publish-response.ts'
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

const received = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]
const released = [0x00, 0x92]

/** First byte and reason codes, sections 3.4 to 3.7. */
const forms: readonly { type: PublishResponseType; first: string; codes: readonly number[] }[] = [
  { type: 'puback', first: '40', codes: received },
  { type: 'pubrec', first: '50', codes: received },
  { type: 'pubrel', first: '62', codes: released },
  { type: 'pubcomp', first: '70', codes: released },
]

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

export const publishResponseCases: readonly PacketCase[] = forms.flatMap(({ type, first, codes }) => {
  const name = type.toUpperCase()
  const response = (packetId: number, reasonCode = 0, properties: Properties = {}): Packet => ({
    type,
    packetId,
    reasonCode,
    properties,
  })
  return [
    { name: `${name} for 1`, versions: everyVersion, bytes: wire(`${first} 02 00 01`), packet: response(1) },
    { name: `${name} for 256`, versions: everyVersion, bytes: wire(`${first} 02 01 00`), packet: response(256) },
    { name: `${name} for 65535`, versions: everyVersion, bytes: wire(`${first} 02 ff ff`), packet: response(65_535) },
    ...codes.map((code): PacketCase => ({
      name: `${name} 0x${hex(code)} without properties`,
      versions: version5,
      bytes: wire(`${first} 03 00 01 ${hex(code)}`),
      packet: response(1, code),
      alsoWholeAt: [2],
      ...(code === 0 ? { only: 'decode' as const } : {}), // two bytes say the same
    })),
    {
      name: `${name} with a property length of 0`,
      versions: version5,
      bytes: wire(`${first} ( 00 01 00 ( ) )`),
      packet: response(1),
      alsoWholeAt: [2, 3],
      only: 'decode',
    },
    {
      name: `${name}, every property`,
      versions: version5,
      bytes: wire(`${first} ( 12 34 ${hex(codes.at(-1) as number)} ( 1f 'why' 26 'k' 'v' ) )`),
      packet: response(0x1234, codes.at(-1), { reasonString: 'why', userProperties: [['k', 'v']] }),
      alsoWholeAt: [2, 3],
    },
    {
      name: `${name}, success with a property`,
      versions: version5,
      bytes: wire(`${first} ( 00 01 00 ( 26 'k' 'v' ) )`),
      packet: response(1, 0, { userProperties: [['k', 'v']] }),
      alsoWholeAt: [2, 3],
    },
  ]
})

export const publishResponseFaults: readonly FaultCase[] = forms.flatMap(({ type, first, codes }) => {
  const fault = (
    name: string,
    versions: FaultCase['versions'],
    notation: string,
    reasonCode: FaultCase['reasonCode'] = malformed,
  ): FaultCase => ({ name: `${type.toUpperCase()}: ${name}`, versions, type, bytes: wire(notation), reasonCode })
  const neighbours = codes.flatMap((code) => [code - 1, code + 1]).filter((code) => code >= 0 && !codes.includes(code))
  return [
    fault('no body', everyVersion, `${first} 00`),
    fault('one byte', everyVersion, `${first} 01 01`),
    fault('packet identifier 0', everyVersion, `${first} 02 00 00`, protocolError),
    fault('a byte behind the end', version3, `${first} 03 00 01 00`),
    fault('a byte behind the properties', version5, `${first} 05 00 01 00 00 00`),
    fault('a property it cannot have', version5, `${first} ( 00 01 00 ( 11 00 00 00 01 ) )`),
    ...[...new Set([...neighbours, 0xff])].map((code) =>
      fault(`reason code 0x${hex(code)}`, version5, `${first} 03 00 01 ${hex(code)}`),
    ),
  ]
})
