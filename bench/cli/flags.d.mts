export class UsageError extends Error {}
export interface BenchFlags {
  readonly help: boolean
  readonly list: boolean
  readonly rows: readonly string[]
  readonly group: string
  readonly rounds: number
  readonly duration: number
  readonly peers: readonly string[]
  readonly generator: 'c' | 'sim' | undefined
  readonly baseline: string | undefined
  readonly out: string
}
export const helpText: string
export function readFlags(words: readonly string[]): BenchFlags
