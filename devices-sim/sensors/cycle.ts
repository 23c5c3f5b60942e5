/** How far into its present round something is that repeats each `periodMs`: 0 up to 1. Without a period always 0. */
export function cycle(elapsedMs: number, periodMs: number): number {
  if (periodMs === 0) return 0
  const rounds = elapsedMs / periodMs
  return rounds - Math.floor(rounds)
}
