import type { Arm, Row } from '../rows.mjs'

export function planRows(
  rows: readonly Row[],
  found: readonly string[],
  generator: 'c' | 'sim',
  tell: (text: string) => void,
): { readonly row: Row; readonly arms: readonly Arm[] }[]
