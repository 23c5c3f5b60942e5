/** Numbers from 0 up to 1 that the seed alone decides, so that a run can be repeated. */
export type Random = () => number

/** The same as an object, for those that are held by the ten thousand: it is a quarter of a closure's size. */
export interface RandomSource {
  next(): number
}

/** mulberry32. */
export class SeededSource implements RandomSource {
  /** Signed, so that V8 keeps it in place and not in a box of its own. */
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  next(): number {
    const state = (this.#state + 0x6d2b79f5) | 0
    this.#state = state
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function seededRandom(seed: number): Random {
  const source = new SeededSource(seed)
  return () => source.next()
}

/**
 * The seed of one thing left to chance, such as a sensor of a device. Devices of one fleet never share a seed for the
 * same name: `device` and the scenario's seed are mixed without loss.
 */
export function seedOf(scenarioSeed: number, fleet: string, device: number, name: string): number {
  const names = hashText(name, hashText(fleet, 0x811c9dc5))
  return mix(mix(names ^ scenarioSeed) + device)
}

/** A whole number below 2^32 for another one: each has its own, and neighbours are far apart (the end of murmur3). */
export function mix(value: number): number {
  let mixed = value | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** A normally distributed number with mean 0 and deviation 1, from two numbers from 0 up to 1 (Box-Muller). */
export function normalFrom(first: number, second: number): number {
  return Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second)
}

/** FNV-1a, with an end mark so that `ab`, `c` and `a`, `bc` differ. */
function hashText(text: string, start: number): number {
  let hash = start
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return Math.imul(hash ^ 0xffff, 0x01000193)
}
