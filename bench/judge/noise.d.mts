import type { Line } from './figures.mjs'

export const STOLEN_CORES: number
export function isNoisy(line: Line): boolean
export function faultsOf(line: Line): string[]
