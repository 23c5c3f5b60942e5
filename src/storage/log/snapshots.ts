import type { DurableState, QueueSegment, StoredSession } from '../../contracts/store.ts'
import type { EntityName } from './dirty-entities.ts'
import { writeGroup, writeRetained, writeWill } from '../codecs/entity-codec.ts'
import { beginFrame, endFrame } from '../codecs/framed-value.ts'
import type { GrowingBytes } from '../codecs/growing-bytes.ts'
import type { OperationList } from './operation-list.ts'
import { writeSession } from '../codecs/session-codec.ts'
import { namedKey, numberedKey, segmentKey } from '../codecs/store-keys.ts'

/** Segments that a session has on disk once a batch is written; empty for one that is gone. */
export interface WrittenSegments {
  readonly session: number
  readonly segments: readonly QueueSegment[]
}

/**
 * Writes entities as they are now. Of the segments of a long queue only those that are not on disk as they are:
 * the same bytes in memory are the same bytes on disk.
 */
export class Snapshots {
  readonly #state: DurableState
  readonly #out: GrowingBytes
  readonly #segments = new Map<number, readonly QueueSegment[]>()

  constructor(state: DurableState, out: GrowingBytes) {
    this.#state = state
    this.#out = out
  }

  /** Adds an entity to a batch; `confirm` the answer when the batch is written. */
  write(operations: OperationList, entity: EntityName): WrittenSegments | undefined {
    if (entity.kind === 'session') return this.#writeSession(operations, entity.key)
    const key = namedKey(PREFIX[entity.kind], entity.key)
    if (this.#encode(entity.kind, entity.key)) operations.put(key, endFrame(this.#out, key))
    else operations.delete(key)
    return undefined
  }

  confirm({ session, segments }: WrittenSegments): void {
    if (segments.length === 0) this.#segments.delete(session)
    else this.#segments.set(session, segments)
  }

  #encode(kind: 'group' | 'retained' | 'will', name: string): boolean {
    const out = this.#out
    beginFrame(out)
    if (kind === 'group') {
      const group = this.#state.group(name)
      if (group === undefined) return false
      writeGroup(out, group)
    } else if (kind === 'retained') {
      const retained = this.#state.retained(name)
      if (retained === undefined) return false
      writeRetained(out, retained)
    } else {
      const will = this.#state.will(name)
      if (will === undefined) return false
      writeWill(out, will)
    }
    return true
  }

  #writeSession(operations: OperationList, number: number): WrittenSegments | undefined {
    const session = this.#state.session(number)
    const key = numberedKey('s', number)
    if (session === undefined) operations.delete(key)
    else this.#putSession(operations, key, session)
    const before = this.#segments.get(number) ?? []
    const now = session?.segments ?? []
    if (before.length === 0 && now.length === 0) return undefined
    this.#writeSegments(operations, number, before, now)
    return { session: number, segments: now }
  }

  #putSession(operations: OperationList, key: Uint8Array, session: StoredSession): void {
    beginFrame(this.#out)
    writeSession(this.#out, session)
    operations.put(key, endFrame(this.#out, key))
  }

  #writeSegments(
    operations: OperationList,
    session: number,
    before: readonly QueueSegment[],
    now: readonly QueueSegment[],
  ): void {
    const onDisk = new Map(before.map((segment) => [segment.number, segment.bytes]))
    for (const { number, bytes } of now) {
      if (onDisk.get(number) !== bytes) {
        const key = segmentKey(session, number)
        beginFrame(this.#out)
        this.#out.raw(bytes, 0, bytes.length)
        operations.put(key, endFrame(this.#out, key))
      }
      onDisk.delete(number)
    }
    for (const number of onDisk.keys()) operations.delete(segmentKey(session, number))
  }
}

const PREFIX = { group: 'g', retained: 'r', will: 'w' } as const
