import { DOLLAR, HASH, PLUS, SLASH } from './topic-bytes.ts'
import { LevelTree } from './level-tree.ts'
import { hashBytes } from './topic-hash.ts'
import { TopicScratch } from './topic-scratch.ts'

const plusName = Uint8Array.of(PLUS)
const hashName = Uint8Array.of(HASH)
const plusHash = hashBytes(plusName, 0, 1)
const hashHash = hashBytes(hashName, 0, 1)

/**
 * Topic filters as a tree of levels; finds all whose filter matches a topic name. Generic in what it holds.
 *
 *   a/b    a/+    a/#    #
 *
 *   root -- "a" -- "b"  values        one node per level; `+` and `#` are children like others,
 *    |       |---- "+"  values        so that a match looks up three names per level
 *    |       '---- "#"  values
 *    '---- "#"  values
 */
export class SubscriptionTrie<T> {
  readonly #tree = new LevelTree()
  readonly #scratch = new TopicScratch()
  /** By the number that a node has for its value; most filters have one value, so a Set is made for the second. */
  readonly #values: (T | Several<T> | undefined)[] = [undefined]
  readonly #freeValues: number[] = []
  #size = 0
  /** Whether any filter has such a level: then nobody looks for it. */
  #plusCount = 0
  #hashCount = 0
  /** Of the topic name under way: where each level begins, one beyond the end for what follows the last, and its hash. */
  #starts = new Int32Array(16)
  #hashes = new Int32Array(16)
  /** Branches still to be followed, two entries each: topics may have more levels than calls can nest. */
  #stack = new Int32Array(64)

  /** Number of (filter, value) pairs. */
  get size(): number {
    return this.#size
  }

  /** Levels held: shared ones once. */
  get levelCount(): number {
    return this.#tree.levelCount
  }

  /** Adds a value under a filter, which the caller has checked. False when the pair is there already. */
  add(topicFilter: string, value: T): boolean {
    this.#scratch.write(topicFilter)
    const node = this.#tree.findOrNew(this.#scratch.bytes, this.#scratch.length)
    const at = this.#tree.value(node)
    if (at === 0) {
      const free = this.#freeValues.pop() ?? this.#values.length
      this.#values[free] = value
      this.#tree.setValue(node, free)
      this.#countWildcards(topicFilter, 1)
    } else {
      const before = this.#values[at] as T | Several<T>
      if (before instanceof Several) {
        if (before.has(value)) return false
        before.add(value)
      } else if (before === value) return false
      else this.#values[at] = new Several([before, value])
    }
    this.#size++
    return true
  }

  /** Removes the pair and every level that holds nothing more. False when it was not there. */
  remove(topicFilter: string, value: T): boolean {
    this.#scratch.write(topicFilter)
    let node = this.#tree.find(this.#scratch.bytes, this.#scratch.length)
    const at = this.#tree.value(node)
    if (at === 0) return false
    const before = this.#values[at] as T | Several<T>
    if (before instanceof Several) {
      if (!before.delete(value)) return false
      if (before.size === 0) this.#values[at] = undefined
    } else if (before === value) this.#values[at] = undefined
    else return false
    this.#size--
    if (this.#values[at] !== undefined) return true
    this.#freeValues.push(at)
    this.#tree.setValue(node, 0)
    this.#countWildcards(topicFilter, -1)
    while (this.#tree.isSpent(node)) {
      const parent = this.#tree.parent(node)
      this.#tree.remove(node)
      node = parent
    }
    return true
  }

  /** Adds each value whose filter matches the topic name in bytes[start..end) to `found`. */
  match(bytes: Uint8Array, start: number, end: number, found: T[]): void {
    const tree = this.#tree
    // a wildcard in the first level does not see topics that begin with $ [MQTT5-4.7.2-1]
    const isReserved = end > start && bytes[start] === DOLLAR
    this.#starts[0] = start
    let known = 0
    let top = 0
    let node = tree.root
    let depth = 0
    for (;;) {
      const seesWildcards = depth > 0 || !isReserved
      if (seesWildcards && this.#hashCount > 0) {
        this.#take(tree.child(node, hashHash, hashName, 0, 1), found)
      }
      const levelStart = this.#starts[depth] as number
      if (levelStart > end) this.#take(node, found)
      else {
        if (depth === known) this.#findLevel(known++, bytes, end)
        if (seesWildcards && this.#plusCount > 0) {
          const plus = tree.child(node, plusHash, plusName, 0, 1)
          if (plus !== 0) {
            this.#stack[top++] = plus
            this.#stack[top++] = depth + 1
          }
        }
        const levelEnd = (this.#starts[depth + 1] as number) - 1
        const named = tree.child(node, this.#hashes[depth] as number, bytes, levelStart, levelEnd)
        if (named !== 0) {
          node = named
          depth++
          continue
        }
      }
      if (top === 0) return
      depth = this.#stack[--top] as number
      node = this.#stack[--top] as number
    }
  }

  /** Where a level ends, and its hash: found when a match gets there, which most do not. */
  #findLevel(depth: number, bytes: Uint8Array, end: number): void {
    if (depth + 2 > this.#starts.length) this.#grow()
    const start = this.#starts[depth] as number
    let at = start
    while (at < end && bytes[at] !== SLASH) at++
    this.#starts[depth + 1] = at + 1
    this.#hashes[depth] = hashBytes(bytes, start, at)
  }

  #grow(): void {
    const { length } = this.#starts
    const [starts, hashes, stack] = [this.#starts, this.#hashes, this.#stack]
    this.#starts = new Int32Array(length * 2)
    this.#hashes = new Int32Array(length * 2)
    this.#stack = new Int32Array(length * 8)
    this.#starts.set(starts)
    this.#hashes.set(hashes)
    this.#stack.set(stack)
  }

  #take(node: number, found: T[]): void {
    if (node === 0) return
    const value = this.#values[this.#tree.value(node)]
    if (value === undefined) return
    if (value instanceof Several) for (const one of value) found.push(one)
    else found.push(value)
  }

  #countWildcards(topicFilter: string, change: 1 | -1): void {
    if (topicFilter.includes('+')) this.#plusCount += change
    if (topicFilter.endsWith('#')) this.#hashCount += change
  }
}

/** The values of one filter: a class of its own, because a value may be a Set. */
class Several<T> extends Set<T> {}
