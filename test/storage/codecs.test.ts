import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type {
  MessageRecipient,
  QueueEntry,
  StoredGroup,
  StoredRetained,
  StoredSession,
  StoredSubscription,
  StoredWill,
  StoreRecord,
} from '../../src/contracts/store.ts'
import { ApplicationMessage } from '../../src/protocol/application-message.ts'
import { decodeCommit, writeCommitHeader } from '../../src/storage/codecs/commit-codec.ts'
import { writeCommits } from '../../src/storage/log/commit-writer.ts'
import {
  decodeGroup,
  decodeRetained,
  decodeWill,
  writeGroup,
  writeRetained,
  writeWill,
} from '../../src/storage/codecs/entity-codec.ts'
import { beginFrame, endFrame, frameFault } from '../../src/storage/codecs/framed-value.ts'
import { GrowingBytes } from '../../src/storage/codecs/growing-bytes.ts'
import { decodeBlock, writeBlockMessage } from '../../src/storage/codecs/message-codec.ts'
import { OperationList } from '../../src/storage/log/operation-list.ts'
import { writeRecord } from '../../src/storage/codecs/record-codec.ts'
import { decodeSession, writeSession } from '../../src/storage/codecs/session-codec.ts'
import { decodeStoreSelf } from '../../src/storage/codecs/store-state.ts'
import { messageFor } from '../support/record-script.ts'

const number = fc.oneof(fc.nat(300), fc.nat(), fc.nat({ max: 2 ** 31 }), fc.integer({ min: 2 ** 31, max: 2 ** 48 }))
const text = fc.string({ unit: 'binary' }).filter((one) => Buffer.from(one).toString() === one)
const user = fc.option(text, { nil: undefined })
const time = fc.oneof(number, fc.constant(Infinity))
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const)
const bytes = fc.uint8Array({ maxLength: 200 })
const numbers = fc.array(number, { maxLength: 6 })
const sequence = fc.oneof(fc.constant(-1), number)

const message = fc
  .record({ topic: text, properties: bytes, payload: bytes, qos, retain: fc.boolean(), expiresAtMs: time })
  .map(({ topic, properties, payload, ...rest }) => {
    const made = Object.assign(new ApplicationMessage(), rest)
    made.topicBytes = new Uint8Array(Buffer.from(topic))
    made.bytes = new Uint8Array([...properties, ...payload])
    made.propertiesEnd = made.payloadStart = properties.length
    made.payloadEnd = made.bytes.length
    if (properties.length > 4) made.expiryIntervalAt = properties.length - 5
    return made
  })

const recipient: fc.Arbitrary<MessageRecipient> = fc.record({
  session: number,
  position: number,
  qos: fc.constantFrom(1 as const, 2 as const),
  retain: fc.boolean(),
  subscriptionIdentifiers: fc.oneof(fc.constant([]), fc.constant([7, 9]), numbers),
})

const subscription: fc.Arbitrary<StoredSubscription> = fc.record({
  topicFilter: text,
  options: fc.nat(63),
  subscriptionIdentifier: fc.option(fc.integer({ min: 1, max: 268_435_455 }), { nil: undefined }),
})

const entry: fc.Arbitrary<QueueEntry> = fc.record({
  position: number,
  sequence,
  qos,
  retain: fc.boolean(),
  subscriptionIdentifiers: numbers,
  byteSize: number,
  queuedAtMs: number,
  expiresAtMs: time,
})

const will: fc.Arbitrary<StoredWill> = fc.record({
  clientId: text,
  user,
  topicName: text,
  qos,
  retain: fc.boolean(),
  delaySeconds: fc.nat({ max: 4_294_967_295 }),
  properties: bytes,
  payload: bytes,
  dueAtMs: time,
})

const publisher = fc.record({ clientId: text, user: fc.option(text, { nil: undefined }) })
const retained: fc.Arbitrary<StoredRetained> = fc.oneof(
  fc.record({ topicName: text, message }),
  fc.record({ topicName: text, message, publisher }),
)
const group: fc.Arbitrary<StoredGroup> = fc.record({ topicFilter: text, waiting: fc.array(entry, { maxLength: 8 }) })

const session: fc.Arbitrary<StoredSession> = fc.record({
  session: number,
  clientId: text,
  user,
  expirySeconds: fc.nat({ max: 4_294_967_295 }),
  sendQuota: fc.nat(65_535),
  expiresAtMs: time,
  isConnected: fc.boolean(),
  subscriptions: fc.array(subscription, { maxLength: 5 }),
  inboundIds: numbers,
  nextPosition: number,
  window: fc.array(entry, { maxLength: 8 }),
  released: numbers,
  segments: fc
    .uniqueArray(fc.nat(12))
    .map((all) =>
      all.toSorted((left, right) => left - right).map((one) => ({ number: one, bytes: new Uint8Array(0) })),
    ),
  backlogFrom: number,
  withdrawn: numbers,
})

const kind = <K extends StoreRecord['kind']>(name: K): fc.Arbitrary<K> => fc.constant(name)

const place = { session: number, position: number, sequence }

const record: fc.Arbitrary<StoreRecord> = fc.oneof(
  fc.record({
    kind: kind('session-opened'),
    session: number,
    clientId: text,
    user,
    expirySeconds: number,
    sendQuota: number,
  }),
  fc.record({ kind: kind('session-closed'), session: number, expiresAtMs: time }),
  fc.record({ kind: kind('session-ended'), session: number, outstanding: fc.constant([]) }),
  fc.tuple(number, subscription).map(([one, rest]) => ({ kind: 'subscribed' as const, session: one, ...rest })),
  fc.record({ kind: kind('unsubscribed'), session: number, topicFilter: text }),
  fc.record({
    kind: kind('message'),
    sequence: number,
    message,
    publishedAtMs: number,
    recipients: fc.array(recipient, { maxLength: 12 }),
    groups: fc.array(text, { maxLength: 3 }),
    isForLater: fc.constant(false),
  }),
  fc.record({
    kind: kind('group-left'),
    topicFilter: text,
    sequence,
    recipient: fc.option(recipient, { nil: undefined }),
  }),
  fc.record({ kind: kind('group-returned'), topicFilter: text, sequence }),
  fc.record({ kind: kind('delivered'), ...place }),
  fc.record({ kind: kind('released'), ...place }),
  fc.record({ kind: kind('inbound-id'), session: number, packetId: fc.nat(65_535), held: fc.boolean() }),
  retained.map((one) => ({ kind: 'retained' as const, ...one })),
  fc.record({ kind: kind('retained-cleared'), topicName: text }),
  will.map((one) => ({ kind: 'will' as const, ...one })),
  fc.record({ kind: kind('will-cleared'), clientId: text }),
)

const commit = fc.record({
  number,
  wallMs: number,
  nextSequence: number,
  nextSession: number,
  records: fc.array(record, { maxLength: 6 }),
})

type CommitValue = typeof commit extends fc.Arbitrary<infer T> ? T : never

const key = Buffer.from('s|some key')

function framed(write: (out: GrowingBytes) => void): Buffer {
  const out = new GrowingBytes()
  beginFrame(out)
  write(out)
  return endFrame(out, key)
}

interface Codec {
  readonly name: string
  readonly values: fc.Arbitrary<unknown>
  readonly write: (out: GrowingBytes, value: never) => void
  readonly read: (value: Uint8Array) => unknown
  /** What comes back, where that is not what went in. */
  readonly expected?: (value: never) => unknown
}

const codecs: readonly Codec[] = [
  { name: 'a group', values: group, write: writeGroup, read: decodeGroup },
  { name: 'a retained message', values: retained, write: writeRetained, read: decodeRetained },
  { name: 'a will', values: will, write: writeWill, read: decodeWill },
  {
    name: 'a session',
    values: session,
    write: writeSession,
    read: (value) => {
      const body = decodeSession(value)
      if (body instanceof Error) return body
      const { segmentRuns, ...rest } = body
      // listing them is for values that are known to be sound
      const listed = segmentRuns.reduce((sum, { count }) => sum + count, 0)
      if (listed > 1000) return rest
      const segments = segmentRuns.flatMap(({ first, count }) => Array.from({ length: count }, (_, at) => first + at))
      return { ...rest, segments: segments.map((one) => ({ number: one, bytes: new Uint8Array(0) })) }
    },
  },
  {
    name: 'a block of messages',
    values: fc.array(message, { maxLength: 32 }),
    write: (out: GrowingBytes, value: ApplicationMessage[]) => {
      for (const [index, one] of value.entries())
        writeBlockMessage(out, 7 * 32 + index, { message: one, publishedAtMs: 77 })
    },
    read: (value: Uint8Array) => decodeBlock(7, value),
    expected: (value: ApplicationMessage[]) =>
      new Map(value.map((one, index) => [7 * 32 + index, { publishedAtMs: 77, message: one }])),
  },
  {
    name: 'a commit of any records',
    values: commit,
    write: (out: GrowingBytes, { records, ...header }: CommitValue) => {
      writeCommitHeader(out, header)
      for (const one of records) writeRecord(out, one)
    },
    read: decodeCommit,
  } as Codec,
]

describe.each(codecs)('The form of $name on disk', ({ values, write, read, expected }) => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytesOnDisk = framed((out) => write(out, value as never))
        expect(frameFault(key, bytesOnDisk)).toBeUndefined()
        expect(read(bytesOnDisk)).toEqual(expected === undefined ? value : expected(value as never))
      }),
      { numRuns: 200 },
    )
  })

  it('is an error wherever it is cut, and never an exception', () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, cut) => {
        const bytesOnDisk = framed((out) => write(out, value as never))
        const kept = bytesOnDisk.subarray(0, cut % bytesOnDisk.length)
        expect(frameFault(key, kept)).toBeInstanceOf(Error)
        read(kept)
      }),
      { numRuns: 100 },
    )
  })

  it('survives any bytes, also without a checksum', () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 12 }), (value, at, noise) => {
        const bytesOnDisk = framed((out) => write(out, value as never))
        for (const [index, byte] of noise.entries()) bytesOnDisk[5 + ((at + index) % (bytesOnDisk.length - 5))] = byte
        read(bytesOnDisk)
      }),
      { numRuns: 300 },
    )
  })
})

describe('The frame of a value', () => {
  it('notices every flipped bit, and a value under the key of another', () => {
    const value = framed((out) => out.text('kept'))
    for (let bit = 0; bit < value.length * 8; bit++) {
      const flipped = Uint8Array.from(value)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(frameFault(key, flipped)?.message).toBe('its checksum is wrong')
    }
    expect(frameFault(Buffer.from('s|other key'), value)).toBeInstanceOf(Error)
  })

  it('says which format it has when that is not ours', () => {
    const out = new GrowingBytes()
    beginFrame(out)
    out.bytes[4] = 9
    expect(frameFault(key, endFrame(out, key))?.message).toContain('format 9')
  })
})

describe('A commit', () => {
  it('says of an unknown kind of record that a newer version wrote it', () => {
    const header = { number: 1, wallMs: 1, nextSequence: 1, nextSession: 1 }
    const value = framed((out) => {
      writeCommitHeader(out, header)
      out.byte(99)
    })
    expect(decodeCommit(value)).toMatchObject({ message: expect.stringContaining('newer version of Topiary') })
  })

  it('keeps a message for later beside it, and of that only size and deadline', () => {
    const given = messageFor(9)
    given.expiresAtMs = 1234
    const value = framed((out) => {
      writeCommitHeader(out, { number: 1, wallMs: 1, nextSequence: 1, nextSession: 1 })
      const rest = { sequence: 9, publishedAtMs: 5, recipients: [], groups: [], isForLater: true }
      writeRecord(out, { kind: 'message', message: given, ...rest })
    })
    const found = decodeCommit(value)
    if (found instanceof Error || found.records[0]?.kind !== 'message') throw new Error('it holds one message')
    const { message: outline } = found.records[0]
    expect(outline).toMatchObject({ byteSize: given.byteSize, expiresAtMs: 1234, qos: given.qos })
    expect(Buffer.from(value).includes('payload')).toBe(false)
  })

  it('to 10,000 sessions with consecutive numbers takes less than 40 KB', () => {
    const recipients = Array.from({ length: 10_000 }, (_, index) => ({
      session: 70_000 + index,
      position: 1000 + ((index * 7) % 50),
      qos: 1 as const,
      retain: false,
      subscriptionIdentifiers: [300],
    }))
    const rest = { sequence: 1, publishedAtMs: 5, groups: [], isForLater: true }
    const operations = new OperationList()
    const header = { number: 1, wallMs: 1, nextSequence: 2, nextSession: 90_000 }
    const limits = { commitBytes: 1 << 20, commitRecords: 4096 }
    const records = [{ kind: 'message' as const, message: messageFor(1), recipients, ...rest }]
    writeCommits(operations, new GrowingBytes(), records, header, limits)
    expect(operations.byteSize).toBeLessThan(40_000)
    expect(decodeCommit(operations.values[0] as Uint8Array)).toMatchObject({ records: [{ recipients }] })
  })

  it('ends at its limits, and the next number goes on', () => {
    const operations = new OperationList()
    const records = Array.from({ length: 12 }, (_, index) => ({
      kind: 'retained' as const,
      topicName: `t${index}`,
      message: messageFor(30),
    }))
    const header = { number: 7, wallMs: 1, nextSequence: 2, nextSession: 2 }
    const byRecords = writeCommits(operations, new GrowingBytes(), records, header, {
      commitBytes: 1 << 20,
      commitRecords: 5,
    })
    expect(byRecords.map((one) => one.number)).toEqual([7, 8, 9])
    const byBytes = writeCommits(operations, new GrowingBytes(), records, header, {
      commitBytes: 100,
      commitRecords: 99,
    })
    expect(byBytes).toHaveLength(6)
  })
})

describe('What the store knows of itself', () => {
  it.each(['', 'null', '5', '{}', '{"replayFrom":-1}', '{"replayFrom":"1"}'])('is refused: %s', (json) => {
    expect(decodeStoreSelf(Buffer.from(`12345${json}`))).toBeUndefined()
  })
})
