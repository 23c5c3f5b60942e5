import { HASH, PLUS, SLASH } from './topic-bytes.ts'
import { hashStep, spread } from './topic-hash.ts'
import { TopicScratch } from './topic-scratch.ts'
import { levelsMatch, splitLevels } from './topic-syntax.ts'

const PLACES = 16_384
/** Sets what concerns one topic alone apart from what concerns all below it. */
const EXACT = 0x5bd1e995
/** Filters that begin with a wildcard are remembered themselves: so many. */
const LEADING = 64

/**
 * Tells whether filters that may match a topic have been changed since, without knowing which. Changes are numbered; each
 * is noted under the levels that its filter has before the first wildcard:
 *
 *   a/b     under "a/b", for that topic alone          a topic a/b/c asks for "a", "a/b" and "a/b/c",
 *   a/+/c   under "a", for all below                   and for itself
 *   +/b     itself, among the last that begin so
 *
 * Places are shared by hash, so that an answer may be yes without cause.
 */
export class FilterChanges {
  /** Number of the latest change. */
  count = 0
  readonly #latest = new Float64Array(PLACES)
  readonly #leading: { readonly number: number; readonly levels: readonly string[] }[] = []
  #leadingCount = 0
  readonly #scratch = new TopicScratch()

  changed(topicFilter: string): void {
    this.count++
    if (topicFilter.startsWith('+') || topicFilter.startsWith('#')) {
      this.#leading[this.#leadingCount++ % LEADING] = { number: this.count, levels: splitLevels(topicFilter) }
      return
    }
    this.#scratch.write(topicFilter)
    const { bytes, length } = this.#scratch
    let hash = 0
    for (let at = 0; at < length; at++) {
      if (isBeforeWildcard(bytes, at, length)) {
        this.#latest[place(hash)] = this.count
        return
      }
      hash = hashStep(hash, bytes[at] as number)
    }
    this.#latest[place(hash ^ EXACT)] = this.count
  }

  /** Whether the topic, as bytes and as levels, may be matched by a filter changed after the change of that number. */
  concern(topic: { readonly topicBytes: Uint8Array; readonly levels: readonly string[] }, since: number): boolean {
    const latest = this.#latest
    const { topicBytes } = topic
    let hash = 0
    for (const byte of topicBytes) {
      if (byte === SLASH && (latest[place(hash)] as number) > since) return true
      hash = hashStep(hash, byte)
    }
    if ((latest[place(hash)] as number) > since || (latest[place(hash ^ EXACT)] as number) > since) return true
    return this.#leadingConcern(topic, since)
  }

  #leadingConcern(topic: { readonly levels: readonly string[] }, since: number): boolean {
    for (let back = 1; back <= this.#leadingCount; back++) {
      const change = this.#leading[(this.#leadingCount - back) % LEADING]
      if (change === undefined || change.number <= since) return false
      if (back === LEADING || levelsMatch(change.levels, topic.levels)) return true
    }
    return false
  }
}

/** Whether the levels before the first wildcard end here: at the slash in front of it. */
function isBeforeWildcard(bytes: Uint8Array, at: number, length: number): boolean {
  const next = bytes[at + 1]
  return bytes[at] === SLASH && at + 1 < length && (next === PLUS || next === HASH)
}

function place(hash: number): number {
  return spread(hash) & (PLACES - 1)
}
