import { normalFrom, type RandomSource } from '../random.ts'

/** A normally distributed number around 0. */
export function noise(random: RandomSource, deviation: number): number {
  return deviation === 0 ? 0 : deviation * normalFrom(random.next(), random.next())
}
