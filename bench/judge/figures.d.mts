export interface Line {
  readonly error?: string
  readonly first?: Line
  readonly [key: string]: unknown
}
export interface Run {
  readonly arm: string
  readonly peer: string
  readonly round: number
  readonly noisy: boolean
  readonly line: Line
}
export function median(numbers: readonly number[]): number | undefined
export function valueOf(line: Line, key: string): number | undefined
export function valuesByRound(runs: readonly Run[], arm: string, key: string): Map<number, number>
export function medianOf(runs: readonly Run[], arm: string, key: string): number | undefined
export function ratioOf(runs: readonly Run[], key: string, arm: string, of: string): number | undefined
