export interface Target {
  readonly arm: string
  /** Left out, `most` is no ratio but the figure itself. */
  readonly of?: string
  readonly most: number
  readonly timesGrowth?: { readonly arm: string; readonly of: string }
}
export interface Metric {
  readonly key: string
  readonly title: string
  readonly unit: string
  readonly targets: readonly Target[]
}
export interface Arm {
  readonly name: string
  readonly peer: string
  readonly flags?: readonly string[]
  readonly start?: { readonly ws?: boolean; readonly settings?: string }
}
export interface Row {
  readonly name: string
  readonly group: string
  readonly title: string
  readonly scenario?: string
  readonly script?: string
  readonly flags: readonly string[]
  readonly arms: readonly Arm[]
  readonly fresh?: boolean
  readonly before?: readonly string[]
  readonly once?: boolean
  readonly metrics: readonly Metric[]
}
export const rows: readonly Row[]
export const groups: readonly string[]
export function selectRows(group: string, names: readonly string[]): readonly Row[]
