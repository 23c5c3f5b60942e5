import { splitLevels } from './topic-syntax.ts'

/**
 * Topic filters as a tree of levels; finds all whose filter matches a topic name. Generic in what it holds.
 *
 *   a/b    a/+    a/#    #
 *
 *   root -- "a" -- "b"  values        one node per level
 *    |       |---- plus values        `+` and `#` stand beside the named children,
 *    |       '---- hash values        so that a match looks up three places per level
 *    '---- hash values
 */
export class SubscriptionTrie<T> {
  readonly #root = new TrieNode<T>()
  #size = 0

  /** Number of (filter, value) pairs. */
  get size(): number {
    return this.#size
  }

  /** Adds a value under a filter, which the caller has checked. False when the pair is there already. */
  add(topicFilter: string, value: T): boolean {
    let node = this.#root
    for (const level of splitLevels(topicFilter)) node = node.childOrNew(level)
    const isNew = node.addValue(value)
    if (isNew) this.#size++
    return isNew
  }

  /** Removes the pair and every level that holds nothing more. False when it was not there. */
  remove(topicFilter: string, value: T): boolean {
    const path: TrieNode<T>[] = [this.#root]
    const levels = splitLevels(topicFilter)
    for (const level of levels) {
      const child = path.at(-1)?.child(level)
      if (child === undefined) return false
      path.push(child)
    }
    if (!path.at(-1)?.removeValue(value)) return false
    this.#size--
    for (let depth = levels.length; depth > 0 && path[depth]?.isEmpty; depth--) {
      path[depth - 1]?.removeChild(levels[depth - 1] as string)
    }
    return true
  }

  /** Calls `visit` with each value whose filter matches the topic name, given as levels. */
  match(topicLevels: readonly string[], visit: (value: T) => void): void {
    // a stack of its own, two entries a branch: topics may have more levels than calls can nest
    const nodes: TrieNode<T>[] = [this.#root]
    const depths: number[] = [0]
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      const depth = depths.pop() as number
      // a wildcard in the first level does not see topics that begin with $ [MQTT5-4.7.2-1]
      const seesWildcards = depth > 0 || !topicLevels[0]?.startsWith('$')
      if (seesWildcards) node.hash?.visitValues(visit)
      if (depth === topicLevels.length) {
        node.visitValues(visit)
        continue
      }
      const named = node.named?.get(topicLevels[depth] as string)
      if (named !== undefined) {
        nodes.push(named)
        depths.push(depth + 1)
      }
      if (node.plus !== undefined && seesWildcards) {
        nodes.push(node.plus)
        depths.push(depth + 1)
      }
    }
  }
}

/** Most nodes hold one value or none, so a Set is made for the second only. */
class TrieNode<T> {
  named: Map<string, TrieNode<T>> | undefined = undefined
  plus: TrieNode<T> | undefined = undefined
  hash: TrieNode<T> | undefined = undefined
  #only: T | undefined = undefined
  #several: Set<T> | undefined = undefined

  get isEmpty(): boolean {
    return (
      this.#only === undefined &&
      this.#several === undefined &&
      this.named === undefined &&
      this.plus === undefined &&
      this.hash === undefined
    )
  }

  child(level: string): TrieNode<T> | undefined {
    if (level === '+') return this.plus
    if (level === '#') return this.hash
    return this.named?.get(level)
  }

  childOrNew(level: string): TrieNode<T> {
    if (level === '+') return (this.plus ??= new TrieNode<T>())
    if (level === '#') return (this.hash ??= new TrieNode<T>())
    this.named ??= new Map()
    let child = this.named.get(level)
    if (child === undefined) this.named.set(level, (child = new TrieNode<T>()))
    return child
  }

  removeChild(level: string): void {
    if (level === '+') this.plus = undefined
    else if (level === '#') this.hash = undefined
    else if (this.named?.delete(level) && this.named.size === 0) this.named = undefined
  }

  addValue(value: T): boolean {
    if (this.#several !== undefined) {
      const before = this.#several.size
      return this.#several.add(value).size > before
    }
    if (this.#only === value) return false
    if (this.#only === undefined) this.#only = value
    else {
      this.#several = new Set([this.#only, value])
      this.#only = undefined
    }
    return true
  }

  removeValue(value: T): boolean {
    if (this.#several !== undefined) {
      const removed = this.#several.delete(value)
      if (this.#several.size === 0) this.#several = undefined
      return removed
    }
    if (this.#only !== value || value === undefined) return false
    this.#only = undefined
    return true
  }

  visitValues(visit: (value: T) => void): void {
    if (this.#only !== undefined) visit(this.#only)
    else if (this.#several !== undefined) for (const value of this.#several) visit(value)
  }
}
