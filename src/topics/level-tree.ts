import { SLASH } from './topic-bytes.ts'
import { ByteHeap } from '../structures/byte-heap.ts'
import { hashBytes, spread } from './topic-hash.ts'

/** Integers per node: one line of the processor's cache. */
const STRIDE = 16
const PARENT = 0
const NAME_LENGTH = 1
const FIRST_CHILD = 2
const NEXT = 3
const PREVIOUS = 4
const VALUE = 5
const NAME_HASH = 6
/** The name itself where it fits, else its address. */
const NAME = 7
const NAME_BYTES = (STRIDE - NAME) * 4

/**
 * The levels of many topics as one tree, held in a few typed arrays: a million topics are no million objects, and a
 * level is found by its bytes without making a string.
 *
 *   nodes   [ parent, length, first child, next, previous, value, hash, name . . . ]   siblings form a ring
 *   edges   [ node, hash ][ 0, 0 ][ node, hash ] . . .   open addressing by (parent, name), at most half full
 *
 * A look for a level reads one edge and one node, which is what it costs: memory far apart. Nodes are numbers from 1,
 * the root, on; 0 is none. Values are numbers of the owner's, 0 for none.
 */
export class LevelTree {
  readonly root = 1
  #nodes = new Int32Array(64 * STRIDE)
  /** The same memory, for the names in it. */
  #nodeBytes: Uint8Array = new Uint8Array(this.#nodes.buffer)
  /** Names too long to lie in their node. */
  readonly #longNames = new ByteHeap()
  #edges = new Int32Array(512)
  #mask = 255
  /** Nodes ever handed out, the root and 0 included. */
  #end = 2
  #freeNode = 0
  #edgeCount = 0

  /** How many levels there are, the root not counted. */
  get levelCount(): number {
    return this.#edgeCount
  }

  /** The child of that name, whose hash the caller has, or 0. */
  child(parent: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const edge = edgeHash(parent, hash)
    const edges = this.#edges
    const mask = this.#mask
    for (let slot = edge & mask; ; slot = (slot + 1) & mask) {
      const node = edges[2 * slot] as number
      if (node === 0) return 0
      if (edges[2 * slot + 1] === edge && this.#isEdge(node, parent, bytes, start, end)) return node
    }
  }

  childOrNew(parent: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const child = this.child(parent, hash, bytes, start, end)
    return child === 0 ? this.#newChild(parent, edgeHash(parent, hash), bytes, start, end) : child
  }

  /** The node at the end of the levels that bytes[0..length) hold between slashes, or 0. */
  find(bytes: Uint8Array, length: number): number {
    let node = this.root
    for (let start = 0, at = 0; node !== 0 && at <= length; at++) {
      if (at < length && bytes[at] !== SLASH) continue
      node = this.child(node, hashBytes(bytes, start, at), bytes, start, at)
      start = at + 1
    }
    return node
  }

  /** The same, made where it is missing. */
  findOrNew(bytes: Uint8Array, length: number): number {
    let node = this.root
    for (let start = 0, at = 0; at <= length; at++) {
      if (at < length && bytes[at] !== SLASH) continue
      node = this.childOrNew(node, hashBytes(bytes, start, at), bytes, start, at)
      start = at + 1
    }
    return node
  }

  value(node: number): number {
    return this.#nodes[node * STRIDE + VALUE] as number
  }

  setValue(node: number, value: number): void {
    this.#nodes[node * STRIDE + VALUE] = value
  }

  parent(node: number): number {
    return this.#nodes[node * STRIDE + PARENT] as number
  }

  firstChild(node: number): number {
    return this.#nodes[node * STRIDE + FIRST_CHILD] as number
  }

  /** The sibling after this one, or 0. */
  next(node: number): number {
    const next = this.#nodes[node * STRIDE + NEXT] as number
    return next === this.firstChild(this.parent(node)) ? 0 : next
  }

  /** First byte of a node's name, 0 for an empty one. */
  firstByte(node: number): number {
    const length = this.#nodes[node * STRIDE + NAME_LENGTH] as number
    if (length === 0) return 0
    if (length <= NAME_BYTES) return this.#nodeBytes[(node * STRIDE + NAME) * 4] as number
    const address = this.#nodes[node * STRIDE + NAME] as number
    return this.#longNames.bytes(address)[this.#longNames.offset(address)] as number
  }

  /** Whether nothing hangs on a node any more. The root never goes. */
  isSpent(node: number): boolean {
    return node !== this.root && this.firstChild(node) === 0 && this.value(node) === 0
  }

  /** Takes out a spent node. */
  remove(node: number): void {
    const nodes = this.#nodes
    const at = node * STRIDE
    this.#removeEdge(node)
    const parentAt = (nodes[at + PARENT] as number) * STRIDE
    const next = nodes[at + NEXT] as number
    const previous = nodes[at + PREVIOUS] as number
    if (next === node) nodes[parentAt + FIRST_CHILD] = 0
    else {
      nodes[next * STRIDE + PREVIOUS] = previous
      nodes[previous * STRIDE + NEXT] = next
      if (nodes[parentAt + FIRST_CHILD] === node) nodes[parentAt + FIRST_CHILD] = next
    }
    if ((nodes[at + NAME_LENGTH] as number) > NAME_BYTES) this.#longNames.free(nodes[at + NAME] as number)
    nodes[at + NEXT] = this.#freeNode
    this.#freeNode = node
  }

  #isEdge(node: number, parent: number, bytes: Uint8Array, start: number, end: number): boolean {
    const nodes = this.#nodes
    const at = node * STRIDE
    const length = end - start
    if (nodes[at + PARENT] !== parent || nodes[at + NAME_LENGTH] !== length) return false
    if (length <= NAME_BYTES) return isSame(this.#nodeBytes, (at + NAME) * 4, bytes, start, length)
    const address = nodes[at + NAME] as number
    return isSame(this.#longNames.bytes(address), this.#longNames.offset(address), bytes, start, length)
  }

  #newChild(parent: number, edge: number, bytes: Uint8Array, start: number, end: number): number {
    const node = this.#newNode()
    const nodes = this.#nodes
    const at = node * STRIDE
    nodes[at + PARENT] = parent
    nodes[at + NAME_LENGTH] = end - start
    nodes[at + FIRST_CHILD] = 0
    nodes[at + VALUE] = 0
    nodes[at + NAME_HASH] = edge
    this.#setName(at, bytes, start, end)
    this.#joinSiblings(node, parent)
    if (++this.#edgeCount * 4 > this.#edges.length) this.#growEdges()
    this.#putEdge(node, edge)
    return node
  }

  #setName(at: number, bytes: Uint8Array, start: number, end: number): void {
    let names: Uint8Array = this.#nodeBytes
    let to = (at + NAME) * 4
    if (end - start > NAME_BYTES) {
      const address = this.#longNames.allocate(end - start)
      this.#nodes[at + NAME] = address
      names = this.#longNames.bytes(address)
      to = this.#longNames.offset(address)
    }
    for (let from = start; from < end; from++) names[to++] = bytes[from] as number
  }

  /** Last in the ring: a walk meets children in the order in which they came. */
  #joinSiblings(node: number, parent: number): void {
    const nodes = this.#nodes
    const first = nodes[parent * STRIDE + FIRST_CHILD] as number
    if (first === 0) {
      nodes[parent * STRIDE + FIRST_CHILD] = node
      nodes[node * STRIDE + NEXT] = nodes[node * STRIDE + PREVIOUS] = node
      return
    }
    const last = nodes[first * STRIDE + PREVIOUS] as number
    nodes[node * STRIDE + NEXT] = first
    nodes[node * STRIDE + PREVIOUS] = last
    nodes[last * STRIDE + NEXT] = node
    nodes[first * STRIDE + PREVIOUS] = node
  }

  #newNode(): number {
    const free = this.#freeNode
    if (free !== 0) {
      this.#freeNode = this.#nodes[free * STRIDE + NEXT] as number
      return free
    }
    if ((this.#end + 1) * STRIDE > this.#nodes.length) {
      const larger = new Int32Array(this.#nodes.length * 2)
      larger.set(this.#nodes)
      this.#nodes = larger
      this.#nodeBytes = new Uint8Array(larger.buffer)
    }
    return this.#end++
  }

  #putEdge(node: number, edge: number): void {
    const edges = this.#edges
    let slot = edge & this.#mask
    while (edges[2 * slot] !== 0) slot = (slot + 1) & this.#mask
    edges[2 * slot] = node
    edges[2 * slot + 1] = edge
  }

  #growEdges(): void {
    const before = this.#edges
    this.#edges = new Int32Array(before.length * 2)
    this.#mask = before.length - 1
    for (let at = 0; at < before.length; at += 2) {
      if (before[at] !== 0) this.#putEdge(before[at] as number, before[at + 1] as number)
    }
  }

  #removeEdge(node: number): void {
    const edges = this.#edges
    const mask = this.#mask
    let slot = (this.#nodes[node * STRIDE + NAME_HASH] as number) & mask
    while (edges[2 * slot] !== node) slot = (slot + 1) & mask
    // those behind that were pushed on by a full slot move up, or they would not be found
    for (let next = (slot + 1) & mask; edges[2 * next] !== 0; next = (next + 1) & mask) {
      const home = (edges[2 * next + 1] as number) & mask
      if (((next - home) & mask) < ((next - slot) & mask)) continue
      edges[2 * slot] = edges[2 * next] as number
      edges[2 * slot + 1] = edges[2 * next + 1] as number
      slot = next
    }
    edges[2 * slot] = 0
    this.#edgeCount--
  }
}

function isSame(names: Uint8Array, at: number, bytes: Uint8Array, start: number, length: number): boolean {
  for (let index = 0; index < length; index++) if (names[at + index] !== bytes[start + index]) return false
  return true
}

function edgeHash(parent: number, hash: number): number {
  return spread(hash ^ Math.imul(parent, 0x9e3779b1))
}
