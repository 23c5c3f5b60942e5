import type { Row } from '../rows.mjs'
import type { Run } from './figures.mjs'
import type { Verdict } from './judge-target.mjs'

export interface Ratio {
  readonly of: string
  readonly ratio: number
}
export interface MetricSummary {
  readonly key: string
  readonly title: string
  readonly unit: string
  readonly arms: readonly {
    readonly arm: string
    readonly figure: number | undefined
    readonly ratios: readonly Ratio[]
  }[]
  readonly verdicts: readonly Verdict[]
}
export interface Summary {
  readonly name: string
  readonly group: string
  readonly title: string
  readonly metrics: readonly MetricSummary[]
  readonly arms: readonly {
    readonly arm: string
    readonly peer: string
    readonly noisyRuns: number
    readonly faults: readonly string[]
  }[]
}
export function summarizeRow(row: Row, runs: readonly Run[]): Summary
