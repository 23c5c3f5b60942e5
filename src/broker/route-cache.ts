import { hashBytes, spread } from '../topics/topic-hash.ts'
import { type Route, sameBytes } from './route.ts'

/** A generation is full at either bound. */
const GENERATION_ROUTES = 16_384
const GENERATION_BYTES = 16 * 1024 * 1024
const FIRST_BUCKETS = 256
/** Routes in one bucket before it is emptied: topics whose hashes were made to collide must not make a long list. */
const BUCKET_ROUTES = 16
/** Hashes of topics seen once are remembered in so many places. */
const SEEN_ONCE = 16_384

/**
 * Routes by the bytes of their topic name, in two generations: when the young one is full it becomes the old one, and
 * what is still in use moves over. A topic is kept from the second time it comes: one that comes once, as retained
 * messages often do, must not push out those that come all the time.
 */
export class RouteCache {
  #young = new Generation()
  #old = new Generation()
  #bytes = 0
  readonly #seenOnce = new Int32Array(SEEN_ONCE)

  hash(bytes: Uint8Array, start: number, end: number): number {
    return spread(hashBytes(bytes, start, end)) & 0x3fffffff // a small integer
  }

  find(hash: number, bytes: Uint8Array, start: number, end: number): Route | undefined {
    const young = this.#young.find(hash, bytes, start, end)
    if (young !== undefined) return young
    const old = this.#old.find(hash, bytes, start, end)
    if (old !== undefined) {
      this.#old.remove(old)
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
    if (this.#young.size >= GENERATION_ROUTES || this.#bytes >= GENERATION_BYTES) {
      this.#old = this.#young
      this.#young = new Generation()
      this.#bytes = 0
    }
    this.#young.add(route)
    this.#bytes += route.topicBytes.length
    route.isLasting = true
  }
}

/**
 * A hash table of routes.
 *
 *   buckets   [ route -> route ][ ][ route ] . . .     a bucket is a list through `nextInBucket`
 */
class Generation {
  #buckets: (Route | undefined)[] = emptyBuckets(FIRST_BUCKETS)
  size = 0

  find(hash: number, bytes: Uint8Array, start: number, end: number): Route | undefined {
    let route = this.#buckets[hash & (this.#buckets.length - 1)]
    while (route !== undefined && (route.hash !== hash || !sameBytes(route.topicBytes, bytes, start, end))) {
      route = route.nextInBucket
    }
    return route
  }

  add(route: Route): void {
    if (this.size++ >= this.#buckets.length) this.#grow()
    const bucket = route.hash & (this.#buckets.length - 1)
    const first = this.#buckets[bucket]
    route.nextInBucket = first !== undefined && length(first) >= BUCKET_ROUTES ? undefined : first
    this.#buckets[bucket] = route
  }

  remove(route: Route): void {
    const bucket = route.hash & (this.#buckets.length - 1)
    let before = this.#buckets[bucket]
    if (before === route) this.#buckets[bucket] = route.nextInBucket
    else {
      while (before !== undefined && before.nextInBucket !== route) before = before.nextInBucket
      if (before !== undefined) before.nextInBucket = route.nextInBucket
    }
  }

  #grow(): void {
    const before = this.#buckets
    const mask = before.length * 4 - 1
    const buckets = emptyBuckets(before.length * 4)
    for (const first of before) {
      let route = first
      while (route !== undefined) {
        const next: Route | undefined = route.nextInBucket
        route.nextInBucket = buckets[route.hash & mask]
        buckets[route.hash & mask] = route
        route = next
      }
    }
    this.#buckets = buckets
  }
}

function emptyBuckets(count: number): (Route | undefined)[] {
  return Array.from<Route | undefined>({ length: count })
}

function length(first: Route): number {
  let count = 0
  for (let route: Route | undefined = first; route !== undefined; route = route.nextInBucket) count++
  return count
}
