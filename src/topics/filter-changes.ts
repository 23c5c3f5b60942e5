import { TopicScratch } from './topic-scratch.ts'

const PLACES = 16_384
const SLASH = 0x2f
const PLUS = 0x2b
const HASH = 0x23
/** Sets what concerns one topic alone apart from what concerns all below it. */
const EXACT = 0x5bd1e995

/**
 * Tells whether filters that may match a topic have been changed since, without knowing which. Changes are numbered; each
 * is noted under the levels that its filter has before the first wildcard:
 *
 *   a/b     under "a/b", for that topic alone          a topic a/b/c asks for "", "a", "a/b" and "a/b/c",
 *   a/+/c   under "a", for all below                   and for itself
 *   #       under ""
 *
 * Places are shared by hash, so that an answer may be yes without cause.
 */
export class FilterChanges {
  /** Number of the latest change. */
  count = 0
  readonly #latest = new Float64Array(PLACES)
  readonly #scratch = new TopicScratch()

  changed(topicFilter: string): void {
    this.count++
    this.#scratch.write(topicFilter)
    const { bytes, length } = this.#scratch
    let hash = 0
    for (let at = 0; at < length; at++) {
      const byte = bytes[at] as number
      const isWildcard = (byte === PLUS || byte === HASH) && (at === 0 || bytes[at - 1] === SLASH)
      if (isWildcard) {
        this.#latest[place(at === 0 ? 0 : hash)] = this.count
        return
      }
      // the slash before a wildcard is not among what is noted
      if (byte !== SLASH || !isBeforeWildcard(bytes, at, length)) hash = step(hash, byte)
    }
    this.#latest[place(hash ^ EXACT)] = this.count
  }

  /** Whether the topic name in bytes may be matched by a filter changed after the change of that number. */
  concern(topic: Uint8Array, since: number): boolean {
    const latest = this.#latest
    let hash = 0
    if ((latest[place(0)] as number) > since) return true
    for (let at = 0; at < topic.length; at++) {
      const byte = topic[at] as number
      if (byte === SLASH && (latest[place(hash)] as number) > since) return true
      hash = step(hash, byte)
    }
    return (latest[place(hash)] as number) > since || (latest[place(hash ^ EXACT)] as number) > since
  }
}

function isBeforeWildcard(bytes: Uint8Array, at: number, length: number): boolean {
  const next = bytes[at + 1]
  return at + 1 < length && (next === PLUS || next === HASH)
}

/** FNV-1a. */
function step(hash: number, byte: number): number {
  return Math.imul(hash ^ byte ^ 0x811c9dc5, 0x01000193)
}

function place(hash: number): number {
  return (hash ^ (hash >>> 15)) & (PLACES - 1)
}
