import { DOLLAR, HASH, PLUS, SLASH } from './topic-bytes.ts'
import { LevelTree } from './level-tree.ts'
import { hashBytes } from './topic-hash.ts'

/**
 * Topic names as a tree of levels, each with a number above 0; finds all that a filter matches. The mirror image of the
 * subscription trie, for retained messages. Topics and filters are UTF-8 bytes.
 */
export class TopicTree {
  readonly #tree = new LevelTree()
  /** Walks that pause, by the node that each visits next. */
  readonly #paused = new Map<number, TopicWalk[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Levels held: shared ones once. */
  get levelCount(): number {
    return this.#tree.levelCount
  }

  /** The number of the topic in bytes[0..length), 0 for none. */
  get(topic: Uint8Array, length = topic.length): number {
    return this.#tree.value(this.#tree.find(topic, length))
  }

  /** Gives a topic a number and returns the one it replaces, or 0. */
  set(topic: Uint8Array, value: number): number {
    const node = this.#tree.findOrNew(topic, topic.length)
    const before = this.#tree.value(node)
    this.#tree.setValue(node, value)
    if (before === 0) this.#size++
    return before
  }

  /** Removes a topic, with every level that holds nothing more, and returns its number, or 0. */
  delete(topic: Uint8Array): number {
    let node = this.#tree.find(topic, topic.length)
    const before = this.#tree.value(node)
    if (before === 0) return 0
    this.#tree.setValue(node, 0)
    this.#size--
    while (this.#tree.isSpent(node)) {
      const parent = this.#tree.parent(node)
      this.#movePaused(node)
      this.#tree.remove(node)
      node = parent
    }
    return before
  }

  /** Visits the topics that a filter matches. */
  walk(topicFilter: Uint8Array): TopicWalk {
    return new TopicWalk(this.#tree, topicFilter, this.#paused)
  }

  /** A node is about to go: whoever would visit it next goes on behind it. */
  #movePaused(node: number): void {
    if (this.#paused.size === 0) return
    const walks = this.#paused.get(node)
    if (walks === undefined) return
    this.#paused.delete(node)
    for (const walk of walks) walk.leave()
  }
}

/** What a level of the filter asks of the children it is held against. */
interface FilterLevel {
  readonly kind: 'name' | 'plus' | 'hash'
  readonly start: number
  readonly end: number
  readonly hash: number
}

/**
 * Visits a tree place by place, so that a walk of a large one can be done in slices: in between it is to `pause`. What
 * is set or deleted meanwhile may or may not be seen; what stays is seen once.
 */
export class TopicWalk {
  readonly #tree: LevelTree
  readonly #filter: Uint8Array
  readonly #levels: readonly FilterLevel[]
  readonly #paused: Map<number, TopicWalk[]>
  /** To be visited next; 0 when there is nothing more. */
  #node: number
  #depth = 0

  constructor(tree: LevelTree, filter: Uint8Array, paused: Map<number, TopicWalk[]>) {
    this.#tree = tree
    this.#filter = filter
    this.#levels = levelsOf(filter)
    this.#paused = paused
    this.#node = tree.root
  }

  /** Nothing more will come. */
  get isOver(): boolean {
    return this.#node === 0
  }

  /** The number of the next topic; 0 for a place that does not match, -1 at the end. */
  next(): number {
    const node = this.#node
    if (node === 0) return -1
    const isMatch = this.#depth >= this.#levels.length || this.#level(this.#depth).kind === 'hash' // a/# matches a
    const value = isMatch ? this.#tree.value(node) : 0
    if (!this.#descend(node)) this.#leaveFrom(node)
    return value
  }

  /** Before others may change the tree. */
  pause(): void {
    if (this.#node === 0) return
    const walks = this.#paused.get(this.#node)
    if (walks === undefined) this.#paused.set(this.#node, [this])
    else walks.push(this)
  }

  /** Before it goes on, or is given up. */
  resume(): void {
    const walks = this.#paused.get(this.#node)
    if (walks === undefined) return
    const index = walks.indexOf(this)
    if (index >= 0) walks.splice(index, 1)
    if (walks.length === 0) this.#paused.delete(this.#node)
  }

  /** The node it was to visit, which has no children, is about to go. */
  leave(): void {
    this.#leaveFrom(this.#node)
    this.pause()
  }

  /** At the end of the filter, its last level: `#` goes on for ever. */
  #level(depth: number): FilterLevel {
    return this.#levels[Math.min(depth, this.#levels.length - 1)] as FilterLevel
  }

  #descend(node: number): boolean {
    const level = this.#level(this.#depth)
    if (this.#depth >= this.#levels.length && level.kind !== 'hash') return false
    const child =
      level.kind === 'name'
        ? this.#tree.child(node, level.hash, this.#filter, level.start, level.end)
        : this.#visible(this.#tree.firstChild(node), this.#depth)
    if (child === 0) return false
    this.#node = child
    this.#depth++
    return true
  }

  /** On to the next sibling that the filter wants, or that of the nearest ancestor that has one. */
  #leaveFrom(from: number): void {
    for (let node = from; node !== this.#tree.root; node = this.#tree.parent(node)) {
      this.#depth--
      if (this.#level(this.#depth).kind === 'name') continue
      const sibling = this.#visible(this.#tree.next(node), this.#depth)
      if (sibling === 0) continue
      this.#node = sibling
      this.#depth++
      return
    }
    this.#node = 0
  }

  /** The node itself or the first sibling after it that a wildcard sees. [MQTT5-4.7.2-1] */
  #visible(from: number, depth: number): number {
    let node = from
    if (depth === 0) while (node !== 0 && this.#tree.firstByte(node) === DOLLAR) node = this.#tree.next(node)
    return node
  }
}

function levelsOf(filter: Uint8Array): readonly FilterLevel[] {
  const levels: FilterLevel[] = []
  let start = 0
  for (let end = 0; end <= filter.length; end++) {
    if (end < filter.length && filter[end] !== SLASH) continue
    const only = end - start === 1 ? filter[start] : undefined
    const kind = only === PLUS ? 'plus' : only === HASH ? 'hash' : 'name'
    levels.push({ kind, start, end, hash: hashBytes(filter, start, end) })
    start = end + 1
  }
  return levels
}
