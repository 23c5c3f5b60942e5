import { BUSY_CORES } from '../measures/generator-watch.ts'
import type { RunReport } from '../report/run-report.ts'

/** Beyond these the generator is what was measured. */
const MOST_LATE_MS = 20
const MOST_LOOP_DELAY_MS = 50
/** So many busy seconds, or so large a share of a short run; one alone may be chance. */
const MANY_BUSY_SECONDS = 3
const FEWEST_BUSY_SECONDS = 2
const BUSY_SHARE = 0.2
/** Of fewer messages the last percent is one or two. */
const ENOUGH_MESSAGES = 200

type Worker = RunReport['generator']['workers'][number]

/** A process as the report has it, and how many seconds it was watched. */
type WatchedWorker = Pick<Worker, 'pid' | 'busySeconds' | 'lateMs' | 'loopDelayMs'> & { readonly seconds: number }

/** Why figures are the generator's own and not the broker's; nothing if they are the broker's. */
export function saturationOf(workers: readonly WatchedWorker[]): string[] {
  return workers.flatMap(({ pid, busySeconds, seconds, lateMs, loopDelayMs }) => {
    const reasons: string[] = []
    if (isBusy(busySeconds, seconds)) {
      reasons.push(`process ${pid} used more than ${BUSY_CORES} of a core in ${busySeconds} of ${seconds} seconds`)
    }
    if (lateMs.count >= ENOUGH_MESSAGES && lateMs.p99 > MOST_LATE_MS) {
      reasons.push(`process ${pid} made 1 % of its messages more than ${lateMs.p99.toFixed(0)} ms after they were due`)
    }
    if (loopDelayMs.p99 > MOST_LOOP_DELAY_MS) {
      reasons.push(`the event loop of process ${pid} was held up for ${loopDelayMs.p99.toFixed(0)} ms (p99)`)
    }
    return reasons
  })
}

function isBusy(busySeconds: number, seconds: number): boolean {
  if (busySeconds >= MANY_BUSY_SECONDS) return true
  return busySeconds >= FEWEST_BUSY_SECONDS && busySeconds >= seconds * BUSY_SHARE
}
