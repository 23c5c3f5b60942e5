import type { Stage } from '../devices/stage.ts'
import type { GeneratorWatch } from '../measures/generator-watch.ts'
import type { LatencyHistogram } from '../measures/latency-histogram.ts'
import type { SecondBooks } from '../proof/books.ts'

/** Closes the books of each second as it ends. */
export class SecondsOfWorker {
  readonly #stage: Stage
  readonly #watch: GeneratorWatch
  readonly #ended: SecondBooks[] = []
  #timer: NodeJS.Timeout | undefined
  #second = 0
  #before = { due: 0, sent: 0, acknowledged: 0, received: 0, discarded: 0, lost: 0, duplicates: 0 }

  constructor(stage: Stage, watch: GeneratorWatch) {
    this.#stage = stage
    this.#watch = watch
  }

  start(): void {
    this.#timer = setInterval(() => this.#end(), 1000)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The seconds that have ended since the last call. */
  take(): SecondBooks[] {
    return this.#ended.splice(0)
  }

  #end(): void {
    const { latencies, tallies } = this.#stage
    const { due, sent, acknowledged, received, discarded, lost, duplicates } = tallies
    const before = this.#before
    this.#before = { due, sent, acknowledged, received, discarded, lost, duplicates }
    this.#ended.push({
      second: this.#second++,
      connected: tallies.connected,
      due: due - before.due,
      sent: sent - before.sent,
      acknowledged: acknowledged - before.acknowledged,
      received: received - before.received,
      discarded: discarded - before.discarded,
      lost: lost - before.lost,
      duplicates: duplicates - before.duplicates,
      endToEnd: emptied(latencies.secondEndToEnd),
      acknowledgement: emptied(latencies.secondAcknowledgement),
      ...this.#watch.second(),
    })
  }
}

function emptied(histogram: LatencyHistogram): string {
  const text = histogram.encode()
  histogram.reset()
  return text
}
