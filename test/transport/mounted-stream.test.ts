import { describe, expect, it } from 'vitest'
import type { ByteStream, ByteStreamEvents, PeerInfo } from '../../src/contracts/byte-stream.ts'
import { MountedStream, mounted } from '../../src/transport/mounted-stream.ts'
import {
  ackPacket,
  connectPacket,
  joined,
  packet,
  pingreqPacket,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
  variableByteInteger,
} from '../support/wire-packets.ts'

const limits = { maximumConnectPacketBytes: 1000, maximumPacketBytes: 1000 }
const MOUNT = 'site-7/'

/** The transport below: it keeps what is written and says so when it is asked to. */
class Transport implements ByteStream {
  readonly peer = { rules: { mountPoint: MOUNT } } as PeerInfo
  readonly calls: string[] = []
  written: Uint8Array = new Uint8Array()
  events: ByteStreamEvents | undefined
  readonly untold: (() => void)[] = []

  open(events: ByteStreamEvents): void {
    this.events = events
  }

  write(bytes: Uint8Array, onWritten: () => void): void {
    this.written = joined(this.written, bytes)
    this.untold.push(onWritten)
  }

  pause(): void {
    this.calls.push('pause')
  }

  resume(): void {
    this.calls.push('resume')
  }

  end(): void {
    this.calls.push('end')
  }

  destroy(): void {
    this.calls.push('destroy')
  }
}

function stage(mountPoint = MOUNT) {
  const transport = new Transport()
  const stream = new MountedStream(transport, mountPoint, limits)
  let received: Uint8Array = new Uint8Array()
  const closed: unknown[] = []
  stream.open({
    onData: (chunk) => (received = joined(received, chunk)),
    onClose: (error) => closed.push(error),
  })
  return { transport, stream, closed, received: () => Buffer.from(received).toString('hex') }
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** In one chunk, in two of every length, and byte by byte. */
function* cuts(bytes: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 0; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)]
  yield Array.from(bytes, (byte) => Uint8Array.of(byte))
}

const will = (topicName: string) => ({ topicName, payload: 'gone', qos: 1 as const })
const filters = (...list: string[]) => list.map((topicFilter) => ({ topicFilter, qos: 1 as const }))
const long = 'x'.repeat(120)

type Row = readonly [title: string, given: Uint8Array[], expected: Uint8Array[]]
const connect5 = connectPacket(5, { clientId: 'c' })
const connect4 = connectPacket(4, { clientId: 'c' })
const properties = { userProperties: [['a', 'b']] as [string, string][] }

const inbound: readonly Row[] = [
  ['CONNECT without a will', [connect5], [connect5]],
  ...([3, 4, 5] as const).map((version): Row => [
    `CONNECT with a will, version ${version}`,
    [connectPacket(version, { clientId: 'c', will: will('w'), userName: 'u' })],
    [connectPacket(version, { clientId: 'c', will: will('site-7/w'), userName: 'u' })],
  ]),
  [
    'PUBLISH, and what follows',
    [connect4, publishPacket(4, 'a/b', 'payload', { qos: 1, packetId: 3 }), pingreqPacket],
    [connect4, publishPacket(4, 'site-7/a/b', 'payload', { qos: 1, packetId: 3 }), pingreqPacket],
  ],
  [
    'PUBLISH whose length takes a byte more than it took',
    [connect5, publishPacket(5, 't', long, { properties })],
    [connect5, publishPacket(5, 'site-7/t', long, { properties })],
  ],
  [
    'PUBLISH with a topic and its alias, and by the alias',
    [connect5, publishPacket(5, 't', 'x', { properties: { topicAlias: 1 } })],
    [connect5, publishPacket(5, 'site-7/t', 'x', { properties: { topicAlias: 1 } })],
  ],
  [
    'PUBLISH by its alias alone',
    [connect5, publishPacket(5, '', 'x', { properties: { topicAlias: 1 } })],
    [connect5, publishPacket(5, '', 'x', { properties: { topicAlias: 1 } })],
  ],
  [
    'SUBSCRIBE and UNSUBSCRIBE',
    [connect5, subscribePacket(5, 1, filters('a', '#'), properties), unsubscribePacket(5, 2, ['a', '+/b'])],
    [
      connect5,
      subscribePacket(5, 1, filters('site-7/a', 'site-7/#'), properties),
      unsubscribePacket(5, 2, ['site-7/a', 'site-7/+/b']),
    ],
  ],
  [
    'SUBSCRIBE of 3.1.1, shared',
    [connect4, subscribePacket(4, 1, filters('$share/g/a', '$SYS/#', '$share')), ackPacket('puback', 1)],
    [
      connect4,
      subscribePacket(4, 1, filters('$share/g/site-7/a', 'site-7/$SYS/#', 'site-7/$share')),
      ackPacket('puback', 1),
    ],
  ],
  [
    'filters that are none stay none',
    [connect4, subscribePacket(4, 1, filters('', '$share/g/', '$share/g'))],
    [connect4, subscribePacket(4, 1, filters('', '$share/g/', '$share/g'))],
  ],
  [
    'a SUBSCRIBE that ends within a filter',
    [connect4, packet(0x82, [0, 1, 0, 9, 0x61])],
    [connect4, packet(0x82, [0, 1, 0, 9, 0x61])],
  ],
  ['a PUBLISH without room for a topic', [connect4, packet(0x30, [0])], [connect4, packet(0x30, [0])]],
  [
    'a CONNECT that ends within its will topic',
    [packet(0x10, connectPacket(4, { clientId: 'c', will: will('w') }).subarray(2, -8)), publishPacket(4, 'a')],
    [packet(0x10, connectPacket(4, { clientId: 'c', will: will('w') }).subarray(2, -8)), publishPacket(4, 'site-7/a')],
  ],
  [
    'a second CONNECT is not believed',
    [connect5, connect4, subscribePacket(5, 1, filters('a'), properties)],
    [connect5, connect4, subscribePacket(5, 1, filters('site-7/a'), properties)],
  ],
  [
    'a remaining length of five bytes: nothing comes after it',
    [connect4, Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 0x01, 0, 1, 0x61), publishPacket(4, 'a')],
    [connect4, Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff)],
  ],
  [
    'a packet above the limit: its claim alone goes on, made as large as can be',
    [connect4, joined([0x30], variableByteInteger(998), new Uint8Array(998)), pingreqPacket],
    [connect4, Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f)],
  ],
  [
    'a packet at the limit',
    [connect4, publishPacket(4, 't', 'x'.repeat(994))],
    [connect4, publishPacket(4, 'site-7/t', 'x'.repeat(994))],
  ],
]

describe('from the client, in whatever chunks it comes', () => {
  it.each(inbound)('%s', (_title, given, expected) => {
    for (const chunks of cuts(joined(...given))) {
      const { transport, received } = stage()
      for (const chunk of chunks) transport.events?.onData(chunk)
      // the last byte of a malformed length may be cut off with it
      expect(received().slice(0, hexOf(joined(...expected)).length)).toBe(hexOf(joined(...expected)))
      if (!_title.includes('five bytes')) expect(received()).toBe(hexOf(joined(...expected)))
    }
  })

  it('a topic that would be longer than a topic can be is refused by size', () => {
    const { transport, received } = stage('m'.repeat(65_535))
    transport.events?.onData(joined(connect4, publishPacket(4, 'a')))
    expect(received()).toBe(hexOf(joined(connect4, [0x30, 0xff, 0xff, 0xff, 0x7f])))
  })

  it('many filters cannot make a packet of any size out of one within the limit', () => {
    const { transport, received } = stage('m'.repeat(1000))
    transport.events?.onData(joined(connect4, subscribePacket(4, 1, filters('a', 'b'))))
    expect(received()).toBe(hexOf(joined(connect4, [0x82, 0xff, 0xff, 0xff, 0x7f])))
  })
})

const outbound: readonly Row[] = [
  [
    'PUBLISH, and what is not',
    [Uint8Array.of(0x20, 2, 0, 0), publishPacket(4, 'site-7/a', 'x', { qos: 1 }), Uint8Array.of(0xd0, 0)],
    [Uint8Array.of(0x20, 2, 0, 0), publishPacket(4, 'a', 'x', { qos: 1 }), Uint8Array.of(0xd0, 0)],
  ],
  [
    'PUBLISH whose length takes a byte less than it took',
    [publishPacket(5, 'site-7/t', long, { properties, qos: 2 })],
    [publishPacket(5, 't', long, { properties, qos: 2 })],
  ],
  [
    'the alias of a topic',
    [publishPacket(5, '', 'x', { properties: { topicAlias: 1 } })],
    [publishPacket(5, '', 'x', { properties: { topicAlias: 1 } })],
  ],
  ...['site-7', 'site-7/', 'other/a/b', 'site-8/a'].map((topicName): Row => [
    `a topic that is not below the mount point: ${topicName}`,
    [publishPacket(4, topicName, 'x'), publishPacket(4, 'site-7/a', 'x')],
    [publishPacket(4, topicName, 'x'), publishPacket(4, 'a', 'x')],
  ]),
]

describe('to the client, in whatever parts it is written', () => {
  it.each(outbound)('%s', async (_title, given, expected) => {
    for (const parts of cuts(joined(...given))) {
      const { transport, stream } = stage()
      let told = 0
      for (const part of parts) if (part.length > 0) stream.write(part, () => told++)
      for (const tell of transport.untold) tell()
      await new Promise((resolve) => setImmediate(resolve))
      expect(hexOf(transport.written)).toBe(hexOf(joined(...expected)))
      expect(told).toBe(parts.filter(({ length }) => length > 0).length)
    }
  })

  it('what is not rewritten is not copied, and is written when the transport says so', () => {
    const { transport, stream } = stage()
    const told: string[] = []
    stream.write(publishPacket(4, 'site-7/a', Buffer.alloc(100)).subarray(0, 20), () => told.push('first'))
    stream.write(Buffer.alloc(92), () => told.push('second'))
    expect(told).toEqual([])
    for (const tell of transport.untold) tell()
    expect(told).toEqual(['first', 'second'])
    expect(transport.written.length).toBe(112 - MOUNT.length)
  })
})

it('everything else is the transport: reading, closing, who it is', () => {
  const { transport, stream, closed } = stage()
  stream.pause()
  stream.resume()
  stream.end()
  stream.destroy()
  const error = new Error('lost')
  transport.events?.onClose(error)
  expect(transport.calls).toEqual(['pause', 'resume', 'end', 'destroy'])
  expect(closed).toEqual([error])
  expect(stream.peer).toBe(transport.peer)
})

it('a listener without a mount point has its streams as they are', () => {
  const transport = new Transport()
  expect(mounted(transport, limits)).toBeInstanceOf(MountedStream)
  Object.assign(transport, { peer: { rules: undefined } })
  expect(mounted(transport, limits)).toBe(transport)
})
