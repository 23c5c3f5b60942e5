// What runs say together: medians, and ratios of what was measured in the same round.

/** Undefined for nothing; between the middle two for an even number. */
export function median(numbers) {
  if (numbers.length === 0) return undefined
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The value at a dotted key of a line, where it is a number. */
export function valueOf(line, key) {
  const value = key.split('.').reduce((part, name) => part?.[name], line)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Values of an arm by round; runs that failed have none. */
export function valuesByRound(runs, arm, key) {
  const values = new Map()
  for (const run of runs) {
    if (run.arm !== arm || run.line.error !== undefined) continue
    const value = valueOf(run.line, key)
    if (value !== undefined) values.set(run.round, value)
  }
  return values
}

export function medianOf(runs, arm, key) {
  return median([...valuesByRound(runs, arm, key).values()])
}

/** Median of the ratios of the rounds: what drifts from round to round is in both, and falls out. */
export function ratioOf(runs, key, arm, of) {
  const below = valuesByRound(runs, of, key)
  const ratios = []
  for (const [round, value] of valuesByRound(runs, arm, key)) {
    const divisor = below.get(round)
    if (divisor !== undefined && divisor > 0) ratios.push(value / divisor)
  }
  return median(ratios)
}
