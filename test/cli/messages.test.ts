import type { IClientOptions, IPublishPacket } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { shownUrl } from '../../src/cli/broker-url.ts'
import { byteLines } from '../../src/cli/byte-lines.ts'
import { codeText, connectFailure } from '../../src/cli/client-failure.ts'
import { clientOptions, connectionFlags, tlsFlags, userPropertiesOf, willFlags } from '../../src/cli/client-flags.ts'
import { parseFlags } from '../../src/cli/flags.ts'
import { formatMessage, type MessageFormat } from '../../src/cli/received-message.ts'

async function* chunksOf(chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk, 'latin1')
}

describe('byteLines', () => {
  it.each([
    { chunks: [], lines: [] },
    { chunks: [''], lines: [] },
    { chunks: ['a'], lines: ['a'] },
    { chunks: ['a\n'], lines: ['a'] },
    { chunks: ['a\nb'], lines: ['a', 'b'] },
    { chunks: ['a\n\nb\n'], lines: ['a', '', 'b'] },
    { chunks: ['a', 'b\nc', 'd', '\n', 'e'], lines: ['ab', 'cd', 'e'] },
    { chunks: ['\u00ff\u0000\r\n'], lines: ['\u00ff\u0000\r'] },
  ])('makes $lines of $chunks', async ({ chunks, lines }) => {
    const seen: string[] = []
    for await (const line of byteLines(chunksOf(chunks))) seen.push(line.toString('latin1'))
    expect(seen).toEqual(lines)
  })
})

describe('formatMessage', () => {
  const time = new Date('2026-01-01T00:00:00.000Z')
  const packet: IPublishPacket = {
    cmd: 'publish',
    topic: 'a/b',
    payload: Buffer.from('h\u00e9llo'),
    qos: 1,
    retain: true,
    dup: false,
    messageId: 7,
  }
  const common = { time: time.toISOString(), topic: 'a/b', qos: 1, retain: true, dup: false }

  it.each<[MessageFormat, string]>([
    ['payload', 'h\u00e9llo\n'],
    ['verbose', 'a/b h\u00e9llo\n'],
  ])('prints as %s', (format, text) => {
    expect(Buffer.from(formatMessage(packet, format, time)).toString()).toBe(text)
  })

  it('leaves the bytes of a payload alone', () => {
    const printed = formatMessage({ ...packet, payload: Buffer.from([0xff, 0x00]) }, 'payload', time)
    expect([...Buffer.from(printed)]).toEqual([0xff, 0x00, 0x0a])
  })

  it.each([
    { title: 'text', given: {}, expected: { payload: 'h\u00e9llo' } },
    { title: 'nothing', given: { payload: Buffer.alloc(0) }, expected: { payload: '' } },
    {
      title: 'bytes',
      given: { payload: Buffer.from([0xff, 0x00]) },
      expected: { payload: '/wA=', payloadEncoding: 'base64' },
    },
    {
      title: 'properties',
      given: {
        properties: { userProperties: { a: ['1', '2'] }, contentType: 'x', correlationData: Buffer.from('id') },
      },
      expected: {
        payload: 'h\u00e9llo',
        properties: { userProperties: { a: ['1', '2'] }, contentType: 'x', correlationData: 'id' },
      },
    },
    {
      title: 'correlation data that is no text',
      given: { properties: { correlationData: Buffer.from([0xff]) } },
      expected: { payload: 'h\u00e9llo', properties: { correlationData: '/w==', correlationDataEncoding: 'base64' } },
    },
  ])('prints $title as one JSON object on one line', ({ given, expected }) => {
    const line = formatMessage({ ...packet, ...given }, 'json', time)
    expect(String(line)).toMatch(/^[^\n]+\n$/)
    expect(JSON.parse(String(line))).toEqual({ ...common, ...expected })
  })
})

function read(argv: readonly string[], env: Record<string, string> = {}): IClientOptions {
  return clientOptions(parseFlags({ ...connectionFlags, ...tlsFlags, ...willFlags }, argv), 'sub', env)
}

describe('clientOptions', () => {
  it.each([
    { argv: [], expected: { protocolVersion: 5, protocolId: 'MQTT', clean: true, keepalive: 60 } },
    { argv: ['-V', '3.1.1'], expected: { protocolVersion: 4, protocolId: 'MQTT' } },
    { argv: ['-V', '3.1'], expected: { protocolVersion: 3, protocolId: 'MQIsdp' } },
    ...['31', 'mqttv31'].map((name) => ({ argv: ['-V', name], expected: { protocolVersion: 3 } })),
    ...['311', 'mqttv311'].map((name) => ({ argv: ['-V', name], expected: { protocolVersion: 4 } })),
    ...['5.0', 'mqttv5'].map((name) => ({ argv: ['-V', name], expected: { protocolVersion: 5 } })),
    {
      argv: ['-i', 'me', '-c'],
      expected: { clientId: 'me', clean: false, properties: { sessionExpiryInterval: 4_294_967_295 } },
    },
    { argv: ['-i', 'me', '-c', '--session-expiry', '9'], expected: { properties: { sessionExpiryInterval: 9 } } },
    { argv: ['-u', 'me', '-P', 'secret'], expected: { username: 'me', password: 'secret' } },
    {
      argv: ['--will-topic', 'w'],
      expected: { will: { topic: 'w', payload: '', qos: 0, retain: false } },
    },
    {
      argv: ['--will-topic', 'w', '--will-payload', 'x', '--will-qos', '2', '--will-retain', '--will-delay', '5'],
      expected: { will: { topic: 'w', payload: 'x', qos: 2, retain: true, properties: { willDelayInterval: 5 } } },
    },
  ])('follows $argv', ({ argv, expected }) => {
    expect(read(argv)).toMatchObject(expected)
  })

  it('leaves properties out below MQTT 5.0', () => {
    expect(read(['-V', '3.1.1', '-i', 'me', '-c'])).not.toHaveProperty('properties')
  })

  it('makes up client identifiers that every MQTT 3.1 broker takes', () => {
    expect(read([]).clientId).toMatch(/^topiary-sub-[0-9a-f]{8}$/)
  })

  it('takes the password from the environment only when there is a user name and no --password', () => {
    const env = { TOPIARY_PASSWORD: 'from-env' }
    expect(read([], env)).not.toHaveProperty('password')
    expect(read(['-u', 'me'], env)).toMatchObject({ password: 'from-env' })
    expect(read(['-u', 'me', '-P', 'given'], env)).toMatchObject({ password: 'given' })
  })
})

describe('userPropertiesOf', () => {
  it.each([
    [[], {}],
    [['a=1'], { a: '1' }],
    [['a=1', 'b=', 'a=2=3'], { a: ['1', '2=3'], b: '' }],
    [['=x'], { '': 'x' }],
  ])('reads %j', (texts, expected) => {
    expect(userPropertiesOf(texts)).toEqual(expected)
  })
})

describe('failures in one line', () => {
  const url = 'mqtt://127.0.0.1:1883'

  it.each([
    [{ code: 'ECONNREFUSED' }, /^no broker at mqtt:\/\/127.0.0.1:1883 .*topiary start.*--url$/],
    [{ code: 'ENOTFOUND' }, /^no address is known for 127.0.0.1; check --url$/],
    [{ code: 'ETIMEDOUT' }, /^no answer from mqtt:/],
    [{ code: 'ECONNRESET' }, /closed the connection before it answered/],
    [{ code: 0x87 }, /refused the connection: not authorized \(0x87\)$/],
    [{ code: 5 }, /refused the connection: not authorized \(0x05\)$/],
    [{ message: 'connack timeout' }, /does not answer/],
    [
      { message: 'Invalid header flag bits, must be 0x0 for puback packet' },
      /does not speak MQTT over TCP; is it a Web/,
    ],
    [{ message: 'Connect flag bit 0 must be 0, but got 1' }, /^what answers at mqtt:\/\/127.0.0.1:1883 does not speak/],
    [{ message: 'something else' }, /^cannot connect to mqtt:\/\/127.0.0.1:1883: something else$/],
  ])('explains %j', (fields, message) => {
    expect(connectFailure(Object.assign(new Error('x'), fields), url)).toMatch(message)
  })

  it.each([
    [0x95, undefined, 'packet too large (0x95)'],
    [0x87, 'not on Sundays', 'not authorized (0x87): not on Sundays'],
  ])('names reason code %i', (code, reasonString, text) => {
    expect(codeText(code, reasonString)).toBe(text)
  })

  it.each([
    ['mqtt://me:secret@host:1883', 'mqtt://host:1883'],
    ['ws://host:9001/mqtt', 'ws://host:9001/mqtt'],
  ])('shows %s without its password', (text, shown) => {
    expect(shownUrl(text)).toBe(shown)
  })
})
