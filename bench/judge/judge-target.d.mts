import type { Target } from '../rows.mjs'
import type { Run } from './figures.mjs'

export interface Verdict {
  readonly target: Target
  readonly value: number | undefined
  readonly limit: number | undefined
  readonly verdict: 'met' | 'missed' | 'not measured'
}
export function judgeTarget(target: Target, runs: readonly Run[], key: string): Verdict
