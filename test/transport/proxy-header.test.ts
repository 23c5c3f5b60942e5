import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseProxyHeader } from '../../src/transport/proxy-header.ts'
import { wire } from '../packet-cases/wire-notation.ts'

const line = (text: string): Uint8Array => wire(`"PROXY ${text}" 0d 0a`)
const signature = '0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a'
const binary = (rest: string): Uint8Array => wire(`${signature} ${rest}`)

const ipv4 = 'c0 00 02 07  0a 00 00 01  dc 04  07 5b' // 192.0.2.7:56324 to 10.0.0.1:1883
const ipv6 = `20 01 0d b8 00*11 01  ${'00 '.repeat(16)} ff ff  00 00`
const longest = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'

const valid: readonly (readonly [what: string, bytes: Uint8Array, address: string | undefined, port: number])[] = [
  ['1, TCP4', line('TCP4 192.0.2.7 10.0.0.1 56324 1883'), '192.0.2.7', 56_324],
  ['1, port 0', line('TCP4 255.255.255.255 0.0.0.0 0 65535'), '255.255.255.255', 0],
  ['1, TCP6', line('TCP6 2001:DB8:0:0:0:0:0:1 ::1 65535 1883'), '2001:db8::1', 65_535],
  ['1, IPv4 in IPv6', line('TCP6 ::FFFF:192.0.2.7 ::1 1 1'), '::ffff:192.0.2.7', 1],
  ['1, the longest TCP6', line(`TCP6 ${longest} ${longest} 65535 65535`), longest, 65_535],
  ['1, UNKNOWN', line('UNKNOWN'), undefined, 0],
  ['1, UNKNOWN with something', line('UNKNOWN ff:: x 1 \u0001'), undefined, 0],
  ['1, 107 bytes', line(`UNKNOWN ${longest} ${longest} 65535 65535`), undefined, 0],
  ['2, IPv4', binary(`21 11 00 0c ${ipv4}`), '192.0.2.7', 56_324],
  ['2, IPv4 with extensions', binary(`21 11 00 10 ${ipv4} 04 00 01 00`), '192.0.2.7', 56_324],
  ['2, IPv6', binary(`21 21 00 24 ${ipv6}`), '2001:db8::1', 65_535],
  ['2, IPv4 in IPv6', binary(`21 21 00 24 00*10 ff ff c0 00 02 07 00*16 00 01 00 00`), '::ffff:192.0.2.7', 1],
  ['2, the unspecified IPv6', binary(`21 21 00 24 00*32 00 01 00 00`), '::', 1],
  ['2, IPv6 with two gaps', binary(`21 21 00 24 00 01 00*4 00 02 00*6 00 03 00*16 00 01 00 00`), '1:0:0:2::3', 1],
  ['2, UNIX', binary('21 31 00 d8 2f*216'), undefined, 0],
  ['2, unspecified', binary('21 00 00 00'), undefined, 0],
  ['2, unspecified with something', binary('21 00 00 03 01 02 03'), undefined, 0],
  ['2, LOCAL', binary('20 00 00 00'), undefined, 0],
  ['2, LOCAL of any family', binary(`20 11 00 0c ${ipv4}`), undefined, 0],
  ['2, LOCAL of no family', binary('20 ff 00 01 00'), undefined, 0],
  ['2, as long as may be', binary(`21 11 08 00 ${ipv4} 00*2036`), '192.0.2.7', 56_324],
]

describe('a header of version', () => {
  it.each(valid)('%s', (what, bytes, address, port) => {
    const version = Number(what[0])
    const header = { kind: 'header', version, length: bytes.length, address, port, tls: undefined }
    expect(parseProxyHeader(bytes)).toEqual(header)
    // what follows is the client's, and is left alone
    expect(parseProxyHeader(Uint8Array.of(...bytes, 0x10, 0x0d, 0x0a))).toEqual(header)
    // it need not stand at the start of its buffer
    expect(parseProxyHeader(Uint8Array.of(1, 2, 3, ...bytes, 4).subarray(3))).toEqual(header)
  })

  it.each(valid)('%s, cut anywhere, is incomplete', (_, bytes) => {
    for (let length = 0; length < bytes.length; length++) {
      expect(parseProxyHeader(bytes.subarray(0, length)), `${length} bytes`).toBe('incomplete')
    }
  })
})

/** Version 2 over IPv4 with the extension for TLS: flags, the outcome of the verification, extensions within it. */
const withTls = (flags: string, verification: string, inner = ''): Uint8Array => {
  const value = wire(`${flags} ${verification} ${inner}`)
  const rest = wire(`${ipv4} 04 00 01 00 20 00 ${hex(value.length)}`)
  return Uint8Array.of(...binary(`21 11 00 ${hex(rest.length + value.length)}`), ...rest, ...value)
}
const hex = (value: number): string => value.toString(16).padStart(2, '0')

describe('what a header of version 2 says of TLS between client and proxy', () => {
  const name = '22 00 03 "ada"'
  it.each([
    ['plain', withTls('00', '00*4'), undefined],
    ['TLS', withTls('01', '00*4'), { commonName: undefined }],
    ['TLS and a verified certificate', withTls('03', '00*4', name), { commonName: 'ada' }],
    [
      'a certificate shown in the session resumed',
      withTls('05', '00*4', `21 00 01 "x" ${name}`),
      { commonName: 'ada' },
    ],
    ['a certificate that was not verified', withTls('03', '00 00 00 01', name), { commonName: undefined }],
    ['a name without a certificate', withTls('01', '00*4', name), { commonName: undefined }],
    ['a name that is cut short', withTls('03', '00*4', '22 00 04 "ada"'), { commonName: undefined }],
    ['an empty name', withTls('03', '00*4', '22 00 00'), { commonName: undefined }],
    ['an extension that is cut short', binary(`21 11 00 11 ${ipv4} 20 00 02 01 00`), undefined],
    ['nothing where the proxy speaks for itself', binary('20 00 00 08 20 00 05 01 00*4'), undefined],
  ])('%s', (_, bytes, tls) => {
    expect(parseProxyHeader(bytes)).toMatchObject({ kind: 'header', version: 2, length: bytes.length, tls })
  })
})

describe('what is no header', () => {
  const noHeader = 'no PROXY protocol header'
  const family = 'the address family is not'
  it.each([
    // the first byte with which it can be known stands last
    ['an MQTT CONNECT', wire('10'), noHeader],
    ['HTTP', wire('"PU"'), noHeader],
    ['small letters', wire('"p"'), noHeader],
    ['a tab', wire('"PROXY" 09'), noHeader],
    ['a broken signature', wire('0d 0a 0d 0a 00 0d 0a 51 55 49 54 0d'), noHeader],
    ['an unknown protocol', wire('"PROXY TCP5"'), 'the protocol is none of'],
    ['half a protocol', wire('"PROXY TCP "'), 'the protocol is none of'],
    ['no protocol', wire('"PROXY " 0d'), 'the protocol is none of'],
    ['more than a protocol', wire('"PROXY UNKNOWNx"'), 'the protocol is none of'],
    ['a name for an address', wire('"PROXY TCP4 h"'), 'an address is no TCP4'],
    ['IPv6 as TCP4', wire('"PROXY TCP4 :"'), 'an address is no TCP4'],
    ['IPv4 as TCP6', wire('"PROXY TCP6 1.2.3.4 "'), 'an address is no TCP6'],
    ['a number too large', wire('"PROXY TCP4 1.2.3.256 "'), 'an address is no TCP4'],
    ['a leading zero', wire('"PROXY TCP4 1.2.3.04 "'), 'an address is no TCP4'],
    ['a zone', wire('"PROXY TCP6 fe80::1%"'), 'an address is no TCP6'],
    ['two gaps', wire('"PROXY TCP6 1::2::3 "'), 'an address is no TCP6'],
    ['two spaces', wire('"PROXY TCP4  "'), 'an address is no TCP4'],
    ['a wrong destination', wire('"PROXY TCP4 1.2.3.4 x"'), 'an address is no TCP4'],
    ['a port too large', wire('"PROXY TCP4 1.2.3.4 1.2.3.4 65536"'), 'a port is'],
    ['a port with a sign', wire('"PROXY TCP4 1.2.3.4 1.2.3.4 +"'), 'a port is'],
    ['a port with a zero in front', wire('"PROXY TCP4 1.2.3.4 1.2.3.4 01"'), 'a port is'],
    ['an empty port', wire('"PROXY TCP4 1.2.3.4 1.2.3.4 1 " 0d'), 'a port is'],
    ['no second port', wire('"PROXY TCP4 1.2.3.4 1.2.3.4 1" 0d'), 'two addresses and two ports'],
    ['no second address', wire('"PROXY TCP4 1.2.3.4" 0d'), 'two addresses and two ports'],
    ['nothing after TCP4', wire('"PROXY TCP4" 0d'), 'two addresses and two ports'],
    ['one word too many', wire('"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 "'), 'two addresses and two ports'],
    ['a line feed alone', wire('"PROXY TCP4 1.2.3.4 1.2.3.4 1 1" 0a'), 'a port is'],
    ['no line feed', wire('"PROXY UNKNOWN" 0d 0d'), 'does not end with CR LF'],
    ['108 bytes', wire('"PROXY UNKNOWN " 78*92'), 'longer than 107 bytes'],
    ['version 1 in binary', binary('11'), 'the version is not 2'],
    ['an unknown command', binary('22'), 'the version is not 2'],
    ['datagrams over IPv4', binary('21 12'), family],
    ['datagrams over IPv6', binary('21 22'), family],
    ['an unknown family', binary('21 41'), family],
    ['an address without transport', binary('21 10'), family],
    ['one byte too long', binary('21 11 08 01'), 'longer than 2048 bytes'],
    ['far too long', binary('21 11 09'), 'longer than 2048 bytes'],
    ['LOCAL far too long', binary('20 00 ff'), 'longer than 2048 bytes'],
    ['no room for IPv4', binary('21 11 00 0b'), 'too short'],
    ['no room for IPv6', binary('21 21 00 23'), 'too short'],
    ['no room for UNIX', binary('21 31 00 d7'), 'too short'],
  ])('%s', (_, bytes, reason) => {
    expect(parseProxyHeader(bytes)).toEqual({ kind: 'invalid', reason: expect.stringContaining(reason) as string })
    expect(parseProxyHeader(bytes.subarray(0, -1))).toBe('incomplete')
  })
})

it('a header of 108 bytes is refused, whether it comes at once or not', () => {
  const reason = 'the header is longer than 107 bytes'
  for (const bytes of [line(`UNKNOWN ${'x'.repeat(92)}`), line(`UNKNOWN ${'x'.repeat(200)}`)]) {
    expect(parseProxyHeader(bytes)).toEqual({ kind: 'invalid', reason })
  }
  expect(parseProxyHeader(line(`UNKNOWN ${'x'.repeat(91)}`))).toMatchObject({ kind: 'header', length: 107 })
})

it('any bytes at all are a header, part of one, or none', () => {
  const start = fc.constantFrom('"PROXY "', '"PROXY TCP4 "', '"PROXY TCP6 "', signature, `${signature} 21`).map(wire)
  const texts = fc
    .string({ unit: fc.constantFrom(...'0129af:. \r\n'), maxLength: 110 })
    .map((text) => Buffer.from(text))
  const bytes = fc
    .tuple(fc.oneof(start, fc.constant(new Uint8Array())), fc.oneof(fc.uint8Array({ maxLength: 300 }), texts))
    .map(([first, rest]) => Uint8Array.of(...first, ...rest))
  fc.assert(
    fc.property(bytes, (given) => {
      const parsed = parseProxyHeader(given)
      if (parsed === 'incomplete') return
      // more bytes change nothing
      expect(parseProxyHeader(Uint8Array.of(...given, 0, 10, 13))).toEqual(parsed)
      if (parsed.kind === 'invalid') return
      expect(parsed.length).toBeLessThanOrEqual(given.length)
      expect(parseProxyHeader(given.subarray(0, parsed.length))).toEqual(parsed)
      expect(parseProxyHeader(given.subarray(0, parsed.length - 1))).toBe('incomplete')
    }),
    { numRuns: 3000 },
  )
})

it('a header of any addresses says where the client is', () => {
  const port = fc.nat(65_535)
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV6(), port, (four, six, sourcePort) => {
      const shortest = new URL(`http://[${six}]`).hostname
      const parsed = parseProxyHeader(line(`TCP6 ${six} ::1 ${sourcePort} 1`))
      if (typeof parsed === 'string' || parsed.kind === 'invalid') return expect.fail('not taken')
      expect(new URL(`http://[${parsed.address}]`).hostname).toBe(shortest)
      expect(parsed.port).toBe(sourcePort)
      expect(parseProxyHeader(line(`TCP4 ${four} 0.0.0.0 ${sourcePort} 1`))).toMatchObject({ address: four })
      return undefined
    }),
  )
})
