import type { RunReport } from '../report/run-report.ts'

/** Beyond these the generator is what was measured. */
const MOST_CPU_CORES = 0.9
const MOST_LATE_MS = 20
const MOST_LOOP_DELAY_MS = 50

/** Why figures are the generator's own and not the broker's; nothing if they are the broker's. */
export function saturationOf(workers: RunReport['generator']['workers']): string[] {
  return workers.flatMap(({ pid, cpuCores, lateMs, loopDelayMs }) => {
    const reasons: string[] = []
    if (cpuCores > MOST_CPU_CORES) reasons.push(`process ${pid} used ${cpuCores.toFixed(2)} of its one core`)
    if (lateMs.p99 > MOST_LATE_MS) {
      reasons.push(`process ${pid} made 1 % of its messages more than ${lateMs.p99.toFixed(0)} ms after they were due`)
    }
    if (loopDelayMs.p99 > MOST_LOOP_DELAY_MS) {
      reasons.push(`the event loop of process ${pid} was held up for ${loopDelayMs.p99.toFixed(0)} ms (p99)`)
    }
    return reasons
  })
}
