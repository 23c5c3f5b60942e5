import { LatencyHistogram } from '../measures/latency-histogram.ts'
import type { Progress } from '../report/run-report.ts'
import type { WorkerStatus } from '../proof/books.ts'
import type { Timetable } from '../timing/timetable.ts'

type Sums = Omit<WorkerStatus, 'seconds'>

/** What is shown of a run while it goes on. */
export class ProgressOfRun {
  readonly #timetable: Timetable
  readonly #wanted: number
  #atUs = 0
  #sums: Sums | undefined
  #rates = { sent: 0, received: 0 }
  /** Of the last second, and the one before them. */
  readonly #looks: { readonly atUs: number; readonly sent: number; readonly received: number }[] = []
  #p50Ms: number | null = null
  #p99Ms: number | null = null
  #cpuCores = 0

  constructor(timetable: Timetable, wanted: number) {
    this.#timetable = timetable
    this.#wanted = wanted
  }

  take(parts: readonly WorkerStatus[], nowUs: number): Sums {
    const sum = (valueOf: (part: WorkerStatus) => number): number => parts.reduce((all, one) => all + valueOf(one), 0)
    const sums: Sums = {
      connected: sum((one) => one.connected),
      listening: sum((one) => one.listening),
      sent: sum((one) => one.sent),
      received: sum((one) => one.received),
      discarded: sum((one) => one.discarded),
      duplicates: sum((one) => one.duplicates),
      lost: sum((one) => one.lost),
      busy: sum((one) => one.busy),
      owed: sum((one) => one.owed),
      owedReceived: sum((one) => one.owedReceived),
      willsExpected: sum((one) => one.willsExpected),
      willsSeen: sum((one) => one.willsSeen),
      lateP99Ms: Math.max(...parts.map((one) => one.lateP99Ms)),
    }
    this.#sums = sums
    this.#atUs = nowUs
    this.#takeRates(sums, nowUs)
    this.#takeSecond(parts)
    return sums
  }

  get shown(): Progress {
    const { phases, endUs } = this.#timetable
    const sums = this.#sums
    const phase = phases.find(({ toUs }) => this.#atUs < toUs) ?? phases.at(-1)
    return {
      elapsedSeconds: Math.max(0, this.#atUs / 1e6),
      plannedSeconds: endUs / 1e6,
      phase: phase?.phase.phase ?? '',
      connected: (sums?.connected ?? 0) + (sums?.listening ?? 0),
      wanted: this.#wanted,
      sent: sums?.sent ?? 0,
      sentPerSecond: this.#rates.sent,
      received: sums?.received ?? 0,
      receivedPerSecond: this.#rates.received,
      discarded: sums?.discarded ?? 0,
      duplicates: sums?.duplicates ?? 0,
      lostConnections: sums?.lost ?? 0,
      p50Ms: this.#p50Ms,
      p99Ms: this.#p99Ms,
      isSaturated: (sums?.lateP99Ms ?? 0) > 20 || this.#cpuCores > 0.9,
    }
  }

  /** Over the last second or a little more. */
  #takeRates({ sent, received }: Sums, nowUs: number): void {
    this.#looks.push({ atUs: nowUs, sent, received })
    while ((this.#looks[1]?.atUs ?? Infinity) <= nowUs - 1e6) this.#looks.shift()
    const [first] = this.#looks
    const seconds = (nowUs - (first?.atUs ?? nowUs)) / 1e6
    if (first === undefined || seconds <= 0) return
    this.#rates = { sent: (sent - first.sent) / seconds, received: (received - first.received) / seconds }
  }

  #takeSecond(parts: readonly WorkerStatus[]): void {
    const last = parts.flatMap(({ seconds }) => seconds.slice(-1))
    if (last.length === 0) return
    const histogram = new LatencyHistogram()
    for (const { endToEnd } of last) histogram.add(LatencyHistogram.decode(endToEnd))
    this.#p50Ms = histogram.count === 0 ? null : histogram.percentileMs(50)
    this.#p99Ms = histogram.count === 0 ? null : histogram.percentileMs(99)
    this.#cpuCores = Math.max(...last.map(({ cpuCores }) => cpuCores))
  }
}
