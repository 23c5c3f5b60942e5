import type { StoreRecord, StoredMessage, StoredSession } from '../../contracts/store.ts'
import { decodeCommit } from '../codecs/commit-codec.ts'
import { decodeGroup, decodeRetained, decodeWill } from '../codecs/entity-codec.ts'
import { FoldedState } from './export-state.ts'
import { frameFault, BODY_START } from '../codecs/framed-value.ts'
import type { KeyValue } from '../key-value.ts'
import { decodeBlock } from '../codecs/message-codec.ts'
import { OwedCounts } from '../log/owed-counts.ts'
import { decodeSession, type SessionBody } from '../codecs/session-codec.ts'
import { keyText, numberIn, rangeOf, segmentKey, stateKey } from '../codecs/store-keys.ts'
import { decodeStoreSelf, newStoreSelf, type StoreSelf } from '../codecs/store-state.ts'

type Prefix = 'c' | 'm' | 's' | 'q' | 'g' | 'r' | 'w' | 'meta' | 'damaged'

const prefixes: readonly Prefix[] = ['meta', 'c', 's', 'q', 'g', 'r', 'w', 'm', 'damaged']

/** What a database holds, and what is wrong with it. */
export interface Inspection {
  readonly state: FoldedState
  readonly self: StoreSelf
  /** Messages that lie in commits. */
  readonly inline: ReadonlyMap<number, StoredMessage>
  readonly kinds: Readonly<Record<Prefix, { count: number; bytes: number }>>
  /** A sentence each: what, and what it costs. */
  readonly faults: readonly string[]
  readonly lastCommitMs: number
}

/** Reads a whole database through its codecs, and writes nothing. */
export async function inspect(keyValue: KeyValue): Promise<Inspection> {
  const inspector = new Inspector(keyValue)
  for (const prefix of prefixes) await inspector.read(prefix)
  await inspector.judge()
  return inspector
}

class Inspector implements Inspection {
  readonly state = new FoldedState()
  readonly inline = new Map<number, StoredMessage>()
  readonly kinds = Object.fromEntries(prefixes.map((prefix) => [prefix, { count: 0, bytes: 0 }])) as Record<
    Prefix,
    { count: number; bytes: number }
  >
  readonly faults: string[] = []
  self: StoreSelf = newStoreSelf
  lastCommitMs = 0
  readonly #keyValue: KeyValue
  readonly #records: StoreRecord[] = []
  readonly #found = new OwedCounts()
  #lastCommit = 0
  #unreadable = 0
  #unowed = 0

  constructor(keyValue: KeyValue) {
    this.#keyValue = keyValue
  }

  async read(prefix: Prefix): Promise<void> {
    // messages are told from each other by what is owed, and that is known once all else is read
    if (prefix === 'm') this.#replay()
    const skipped = (error: Error): void => void this.faults.push(`part of a table cannot be read (${error.message})`)
    for await (const chunk of this.#keyValue.entries(rangeOf(prefix), skipped)) {
      for (const [key, value] of chunk) await this.#entry(prefix, key, value)
    }
  }

  /** What only all of it together shows. */
  async judge(): Promise<void> {
    const missing = new OwedCounts()
    let count = 0
    this.state.visitOutstanding((sequence) => {
      if (this.inline.has(sequence) || this.#found.has(sequence) || missing.has(sequence)) return
      missing.add(sequence, 1, false)
      count++
    })
    if (count > 0) this.faults.push(`${count} queued messages are missing: their subscribers never get them`)
    if (this.#unowed > 0 && !this.self.needsSweep) {
      this.faults.push(`${this.#unowed} messages are owed to nobody: they only take up room, the broker removes them`)
    }
    if (this.kinds.damaged.count > 0) {
      this.faults.push(`${this.kinds.damaged.count} values were found damaged earlier and are kept under damaged|...`)
    }
    const { lastCommit } = this.self
    if (Math.max(this.#lastCommit, this.self.replayFrom - 1) < lastCommit) {
      this.faults.push(
        `the log ends at commit ${this.#lastCommit} and had reached ${lastCommit}: what they held is lost`,
      )
    }
  }

  async #entry(prefix: Prefix, key: Uint8Array, value: Uint8Array): Promise<void> {
    const kind = this.kinds[prefix]
    kind.count++
    kind.bytes += key.length + value.length
    if (prefix === 'damaged') return
    if (prefix === 'c' && !this.#isInLog(numberIn(key))) return
    const fault = frameFault(key, value) ?? (await this.#take(prefix, key, value))
    if (fault === undefined) return
    // a thousand lines would say no more than some
    if (++this.#unreadable <= 20) this.faults.push(`${keyText(key)}: ${fault.message}; ${costOf[prefix]}`)
    else if (this.#unreadable === 21) this.faults.push('more values are damaged than are listed here')
  }

  /** The fault, or nothing. */
  async #take(prefix: Exclude<Prefix, 'damaged'>, key: Uint8Array, value: Uint8Array): Promise<Error | undefined> {
    switch (prefix) {
      case 'meta':
        return this.#takeMeta(key, value)
      case 'c':
        return this.#takeCommit(value)
      case 's':
        return this.#takeSession(value)
      case 'q':
        // read with its session
        return undefined
      case 'g': {
        const group = decodeGroup(value)
        if (group instanceof Error) return group
        this.state.restoreGroup(group)
        return undefined
      }
      case 'r': {
        const retained = decodeRetained(value)
        if (retained instanceof Error) return retained
        this.state.restoreRetained(retained)
        return undefined
      }
      case 'w': {
        const will = decodeWill(value)
        if (will instanceof Error) return will
        this.state.restoreWill(will)
        return undefined
      }
      case 'm':
        return this.#takeBlock(numberIn(key), value)
    }
  }

  #takeMeta(key: Uint8Array, value: Uint8Array): Error | undefined {
    if (!stateKey.equals(key)) return undefined
    const self = decodeStoreSelf(value)
    if (self === undefined) return new Error(`${value.length - BODY_START} bytes that make no sense`)
    this.self = self
    return undefined
  }

  /** Notes holes before it; commits before the log may still be there, and nobody reads them. */
  #isInLog(number: number): boolean {
    const { replayFrom } = this.self
    if (number < replayFrom) return false
    const expected = this.#lastCommit > 0 ? this.#lastCommit + 1 : this.self === newStoreSelf ? number : replayFrom
    if (number !== expected) {
      this.faults.push(`commits ${expected} to ${number - 1} are missing: what happened in them is lost`)
    }
    this.#lastCommit = number
    return true
  }

  #takeCommit(value: Uint8Array): Error | undefined {
    const commit = decodeCommit(value)
    if (commit instanceof Error) return commit
    this.lastCommitMs = commit.wallMs
    for (const record of commit.records) this.#note(record)
    return undefined
  }

  #note(record: StoreRecord): void {
    this.#records.push(record)
    if (record.kind !== 'message' || record.isForLater) return
    this.inline.set(record.sequence, { message: record.message, publishedAtMs: record.publishedAtMs })
  }

  async #takeSession(value: Uint8Array): Promise<Error | undefined> {
    const body = decodeSession(value)
    if (body instanceof Error) return body
    try {
      this.state.restoreSession(await this.#withSegments(body))
      return undefined
    } catch (error) {
      return error as Error
    }
  }

  async #withSegments({ segmentRuns, ...body }: SessionBody): Promise<StoredSession> {
    const segments: { number: number; bytes: Uint8Array }[] = []
    for (const { first, count } of segmentRuns) {
      for (let number = first; number < first + count; number++) {
        const key = segmentKey(body.session, number)
        const [value] = await this.#keyValue.getMany([key])
        if (value instanceof Uint8Array && frameFault(key, value) === undefined) {
          segments.push({ number, bytes: value.subarray(BODY_START) })
        } else
          this.faults.push(`${keyText(key)} is missing or damaged: some thousand queued messages of ${body.clientId}`)
      }
    }
    return { ...body, segments }
  }

  #takeBlock(block: number, value: Uint8Array): Error | undefined {
    const messages = decodeBlock(block, value)
    if (messages instanceof Error) return messages
    let isOwed = false
    for (const sequence of messages.keys()) {
      if (!this.#isOwed(sequence)) continue
      isOwed = true
      this.#found.add(sequence, 1, false)
    }
    if (!isOwed) this.#unowed += messages.size
    return undefined
  }

  #owed: OwedCounts | undefined

  #isOwed(sequence: number): boolean {
    if (this.#owed === undefined) {
      const owed = new OwedCounts()
      this.state.visitOutstanding((one) => owed.add(one, 1, false))
      this.#owed = owed
    }
    return this.#owed.has(sequence)
  }

  #replay(): void {
    for (const record of this.#records) this.state.replay(record)
  }
}

const costOf: Readonly<Record<Exclude<Prefix, 'damaged'>, string>> = {
  meta: 'counters begin at 0 again, the whole log is read',
  c: 'what happened in this commit is lost',
  s: 'this session is lost with its subscriptions and its queue',
  q: 'some thousand queued messages of this session are lost',
  g: 'what waited for members of this shared subscription is lost',
  r: 'this retained message is lost',
  w: 'this will is lost',
  m: 'this message is lost to those who are owed it',
}
