import type { Summary } from '../judge/summarize-row.mjs'

export interface RunFacts {
  readonly date: string
  readonly command: string
  readonly machine: string
  readonly terms: string
  readonly commit: string
  readonly versions: Readonly<Record<string, string>>
}
export function htmlPage(run: RunFacts, rows: readonly { readonly summary: Summary; readonly run: RunFacts }[]): string
