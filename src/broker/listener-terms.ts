import type { PeerInfo } from '../contracts/byte-stream.ts'
import type { Features, Limits, Terms } from '../contracts/limits.ts'
import type { ListenerRules } from '../contracts/listener.ts'

/**
 * What those who connect now are told: the terms for all, or those of their listener, put together once for all who
 * come in by it.
 */
export class ListenerTerms {
  readonly forAll: Terms
  readonly #merged = new WeakMap<ListenerRules, Terms>()

  constructor(limits: Limits, features: Features) {
    this.forAll = { limits, features }
  }

  of(rules: ListenerRules | undefined): Terms {
    return rules === undefined ? this.forAll : (this.#merged.get(rules) ?? this.#merge(rules))
  }

  #merge(rules: ListenerRules): Terms {
    const limits = { ...this.forAll.limits, ...said(rules.limits) }
    const terms = { limits, features: { ...this.forAll.features, ...said(rules.features) } }
    this.#merged.set(rules, terms)
    return terms
  }
}

/** More than any packet. */
const NO_LIMIT = 268_435_461
/** By how much a remaining length may grow. */
const LENGTH_BYTES = 3

/**
 * Largest packet that the broker itself lets pass. The program may send any, and a mount point makes packets longer than
 * their clients wrote them: how long these were is judged where it is put before them.
 */
export function largestPacket({ isTrusted, rules }: PeerInfo, maximumBytes: number): number {
  if (isTrusted === true) return NO_LIMIT
  if (rules?.mountPoint === undefined) return maximumBytes
  // a claim of the largest there can be is always refused
  return Math.min(maximumBytes + Buffer.byteLength(rules.mountPoint) + LENGTH_BYTES, NO_LIMIT - 2)
}

/** What is there but undefined is not said either. */
function said<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}
