import type { Stage } from '../devices/stage.ts'

/** Messages made before the loop looks at its sockets again: who is late gathers more for each write. */
const AT_ONCE = 5000
/** In a longer turn one lateness in so many stands for those before it, so that who is late has less to do. */
const EACH_UP_TO = 256
const THEN_ONE_IN = 16
/** Longest sleep: what is due later may be brought forward by nothing, but the end of the run may come. */
const LONGEST_SLEEP_MS = 20

/** Has each message made when it is due, whatever the broker does: an open loop. */
export class Pacer {
  readonly #stage: Stage
  readonly #endUs: number
  #isStopped = false

  constructor(stage: Stage) {
    this.#stage = stage
    this.#endUs = stage.timetable.endUs
  }

  start(): void {
    this.#turn()
  }

  /** Nothing is made any more, also not what was due before. */
  stop(): void {
    this.#isStopped = true
    this.#stage.agenda.clear()
  }

  /** Whether something that is due before the end is not made yet. */
  get isBusy(): boolean {
    return (this.#stage.agenda.next?.nextDueUs ?? Infinity) < this.#endUs
  }

  #turn(): void {
    if (this.#isStopped) return
    const { agenda, clock, latencies } = this.#stage
    const nowUs = clock.nowUs()
    let made = 0
    let unrecorded = 0
    let latenessUs = 0
    for (let next = agenda.next; next !== undefined && next.nextDueUs <= nowUs && made < AT_ONCE; next = agenda.next) {
      if (next.nextDueUs >= this.#endUs) {
        agenda.removeTop()
        continue
      }
      latenessUs = nowUs - next.nextDueUs
      next.device.make(next)
      agenda.movedTop()
      made++
      unrecorded++
      if (made > EACH_UP_TO && unrecorded < THEN_ONE_IN) continue
      latencies.late.record(latenessUs, unrecorded)
      unrecorded = 0
    }
    if (unrecorded > 0) latencies.late.record(latenessUs, unrecorded)
    this.#wait(nowUs)
  }

  #wait(nowUs: number): void {
    const next = this.#stage.agenda.next
    if (next === undefined) return
    const waitMs = (next.nextDueUs - nowUs) / 1000
    if (waitMs < 1) setImmediate(() => this.#turn())
    else setTimeout(() => this.#turn(), Math.min(LONGEST_SLEEP_MS, Math.floor(waitMs)))
  }
}
