import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { LatencyHistogram } from './latency-histogram.ts'

/** The monitor's own period, which it counts as delay. */
const RESOLUTION_MS = 5
/** A second in which the process used more of a core left it none to speak of. */
export const BUSY_CORES = 0.9

export interface GeneratorLoad {
  readonly pid: number
  readonly cpuCores: number
  /** Seconds that used more than `BUSY_CORES`, of all that were closed. */
  readonly busySeconds: number
  readonly seconds: number
  readonly rssBytes: number
  /** A histogram of the delay of the event loop. */
  readonly loopDelay: string
}

/** Watches what this process costs: processor time, memory and the delay of its event loop. */
export class GeneratorWatch {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  readonly #total = new LatencyHistogram()
  #cpuStart = process.cpuUsage()
  #startedMs = performance.now()
  #secondCpu = process.cpuUsage()
  #secondMs = performance.now()
  #rssBytes = 0
  #busySeconds = 0
  #seconds = 0

  constructor() {
    this.#delay.enable()
  }

  /** Measures from now on: what came before was preparation. */
  begin(): void {
    this.#cpuStart = this.#secondCpu = process.cpuUsage()
    this.#startedMs = this.#secondMs = performance.now()
    this.#busySeconds = this.#seconds = 0
    this.#total.reset()
    this.#delay.reset()
  }

  /** Since the last call. */
  second(): { readonly cpuCores: number; readonly loopDelayP99Ms: number } {
    const cpu = process.cpuUsage(this.#secondCpu)
    const nowMs = performance.now()
    const cpuCores = (cpu.user + cpu.system) / 1000 / Math.max(1, nowMs - this.#secondMs)
    this.#seconds++
    if (cpuCores > BUSY_CORES) this.#busySeconds++
    const loopDelayP99Ms = this.#delay.count === 0 ? 0 : withoutPeriod(this.#delay.percentile(99))
    for (let percentile = 0.5; percentile < 100 && this.#delay.count > 0; percentile++) {
      this.#total.record(withoutPeriod(this.#delay.percentile(percentile)) * 1000)
    }
    if (this.#delay.count > 0) this.#total.record(withoutPeriod(this.#delay.max) * 1000)
    this.#delay.reset()
    this.#secondCpu = process.cpuUsage()
    this.#secondMs = nowMs
    this.#rssBytes = Math.max(this.#rssBytes, process.memoryUsage.rss())
    return { cpuCores, loopDelayP99Ms }
  }

  load(): GeneratorLoad {
    const cpu = process.cpuUsage(this.#cpuStart)
    const elapsedMs = Math.max(1, performance.now() - this.#startedMs)
    const rssBytes = Math.max(this.#rssBytes, process.memoryUsage.rss())
    const cpuCores = (cpu.user + cpu.system) / 1000 / elapsedMs
    const [busySeconds, seconds] = [this.#busySeconds, this.#seconds]
    return { pid: process.pid, cpuCores, busySeconds, seconds, rssBytes, loopDelay: this.#total.encode() }
  }

  end(): void {
    this.#delay.disable()
  }
}

function withoutPeriod(delayNs: number): number {
  return Math.max(0, delayNs / 1e6 - RESOLUTION_MS)
}
