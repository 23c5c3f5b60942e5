import { type Route, sameBytes } from './route.ts'

/** A generation is full at either bound. */
const GENERATION_ROUTES = 16_384
const GENERATION_BYTES = 16 * 1024 * 1024
const BUCKETS = 8192
/** Routes in one bucket before it is emptied: topics whose hashes were made to collide must not make a long list. */
const BUCKET_ROUTES = 16
/** Hashes of topics seen once are remembered in so many places. */
const SEEN_ONCE = 16_384

/**
 * Routes by the bytes of their topic name, in two generations: when the young one is full it becomes the old one, and
 * what is still in use moves over. A topic is kept from the second time it comes: one that comes once, as retained
 * messages often do, must not push out those that come all the time.
 *
 *   young   [ route -> route ][ ][ route ] . . .     a bucket is a list through `nextInBucket`
 *   old     [ ][ route ] . . .
 */
export class RouteCache {
  #young = newGeneration()
  #old = newGeneration()
  #routes = 0
  #bytes = 0
  readonly #seenOnce = new Int32Array(SEEN_ONCE)
  /** Hashes differ from process to process, so that nobody can prepare topics that collide. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32)

  hash(bytes: Uint8Array, start: number, end: number): number {
    let hash = this.#seed // FNV-1a from there
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
    return (hash ^ (hash >>> 15)) & 0x3fffffff // a small integer
  }

  find(hash: number, bytes: Uint8Array, start: number, end: number): Route | undefined {
    const young = findIn(this.#young, hash, bytes, start, end)
    if (young !== undefined) return young
    const old = findIn(this.#old, hash, bytes, start, end)
    if (old !== undefined) {
      unlink(this.#old, old)
      this.#keep(old)
    }
    return old
  }

  /** Keeps a route that was not found, unless its topic is new and it was cheap to make. */
  offer(route: Route, isDear: boolean): void {
    const { hash } = route
    const place = hash % SEEN_ONCE
    if (isDear || this.#seenOnce[place] === hash) this.#keep(route)
    else this.#seenOnce[place] = hash
  }

  /** A route it holds weighs so much more than its topic. */
  weighs(byteCount: number): void {
    this.#bytes += byteCount
  }

  #keep(route: Route): void {
    if (this.#routes >= GENERATION_ROUTES || this.#bytes >= GENERATION_BYTES) {
      this.#old = this.#young
      this.#young = newGeneration()
      this.#routes = 0
      this.#bytes = 0
    }
    const bucket = route.hash % BUCKETS
    const first = this.#young[bucket]
    route.nextInBucket = first !== undefined && length(first) >= BUCKET_ROUTES ? undefined : first
    this.#young[bucket] = route
    this.#routes++
    this.#bytes += route.topicBytes.length
    route.isLasting = true
  }
}

function newGeneration(): (Route | undefined)[] {
  return Array.from<Route | undefined>({ length: BUCKETS }).fill(undefined)
}

function findIn(
  generation: readonly (Route | undefined)[],
  hash: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): Route | undefined {
  let route = generation[hash % BUCKETS]
  while (route !== undefined && (route.hash !== hash || !sameBytes(route.topicBytes, bytes, start, end))) {
    route = route.nextInBucket
  }
  return route
}

function unlink(generation: (Route | undefined)[], route: Route): void {
  const bucket = route.hash % BUCKETS
  let before = generation[bucket]
  if (before === route) {
    generation[bucket] = route.nextInBucket
    return
  }
  while (before !== undefined && before.nextInBucket !== route) before = before.nextInBucket
  if (before !== undefined) before.nextInBucket = route.nextInBucket
}

function length(first: Route): number {
  let count = 0
  for (let route: Route | undefined = first; route !== undefined; route = route.nextInBucket) count++
  return count
}
