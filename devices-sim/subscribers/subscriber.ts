import type { ClientEvents, ConnectTerms, InboundPublish, SimulatedClient } from '../engines/engine.ts'
import type { GroupOnStage } from './group-on-stage.ts'
import { ReadingPace } from './reading-pace.ts'
import type { Tracker } from './tracker.ts'

/** Filters in one SUBSCRIBE: some brokers take no more. */
const FILTERS_AT_ONCE = 100

/** A time it was away as planned, as it came to be. */
export interface Absence {
  readonly window: number
  leftUs: number
  backUs: number
  /** Messages due while it was planned to be away that it got. */
  arrived: number
}

/** One subscriber: it listens, books what arrives, and is away when the scenario says so. */
export class Subscriber implements ClientEvents {
  readonly group: GroupOnStage
  /** 1 for the first of its group. */
  readonly number: number
  readonly tracker: Tracker
  readonly absences: Absence[] = []
  readonly #client: SimulatedClient
  readonly terms: ConnectTerms
  readonly #filters: readonly string[]
  readonly #pace: ReadingPace | undefined
  readonly #onReady: (fault: string | undefined) => void
  #connection = 0
  #connectStartedUs = 0
  #subscribeStartedUs = 0
  #subscribing = 0
  #attempts = 0
  #isConnected = false
  /** Away by plan, or leaving for good. */
  #isAway = false
  #isGone = false
  #isReady = false

  /** `onReady` is told once, when its subscriptions stand or cannot be had. */
  constructor(group: GroupOnStage, number: number, tracker: Tracker, onReady: (fault: string | undefined) => void) {
    this.group = group
    this.number = number
    this.tracker = tracker
    this.#onReady = onReady
    this.terms = group.connectTerms(number)
    this.#filters = group.filtersOf(number)
    this.#client = group.engine.createClient(this)
    const { readsPerSecond } = group.options
    if (readsPerSecond !== undefined) this.#pace = new ReadingPace(readsPerSecond, this.#client, group.stage)
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  connect(): void {
    if (this.#isGone) return
    this.#connection++
    this.#connectStartedUs = this.group.stage.clock.nowUs()
    const isFirst = this.#connection === 1 && this.terms.protocolVersion === 5
    const cleanStart = this.group.options.session === 'clean' || isFirst
    this.#client.connect({ ...this.terms, cleanStart })
  }

  /** Is away from now on for `lastsMs`. */
  goAway(window: number, lastsMs: number, how: 'disconnect' | 'drop'): void {
    if (this.#isAway) return
    this.#isAway = true
    const leftUs = this.group.stage.clock.nowUs()
    this.absences.push({ window, leftUs, backUs: Infinity, arrived: 0 })
    if (how === 'drop') this.#client.drop()
    else this.#client.disconnect()
    this.group.stage.after(lastsMs, () => {
      this.#isAway = false
      if (!this.#isConnected) this.connect()
    })
  }

  leave(): void {
    this.#isGone = true
    this.#client.resumeReading()
    this.#client.disconnect()
  }

  connected(sessionPresent: boolean): void {
    const { tallies, latencies, clock } = this.group.stage
    latencies.connect.record(clock.nowUs() - this.#connectStartedUs)
    tallies.opened++
    if (this.#connection > 1) tallies.reconnects++
    this.#isConnected = true
    this.#attempts = 0
    this.tracker.connections++
    if (sessionPresent) return this.#isBack()
    this.#subscribing = 0
    this.#subscribeNext()
  }

  subscribed(reasonCodes: readonly number[]): void {
    const { latencies, clock } = this.group.stage
    latencies.suback.record(clock.nowUs() - this.#subscribeStartedUs)
    const refused = reasonCodes.findIndex((code) => code >= 0x80)
    if (refused >= 0) {
      const filter = this.#filters[this.#subscribing - reasonCodes.length + refused] ?? ''
      return this.#ready(`the broker refused ${this.terms.clientId} the subscription ${filter}`)
    }
    if (this.#subscribing < this.#filters.length) return this.#subscribeNext()
    this.#isBack()
    this.#ready(undefined)
  }

  /** What is sent from now on it must get. */
  #isBack(): void {
    const absence = this.absences.at(-1)
    if (absence !== undefined && absence.backUs === Infinity) absence.backUs = this.group.stage.clock.nowUs()
  }

  received(message: InboundPublish): void {
    this.#pace?.read()
    this.tracker.receive(this, message)
  }

  acknowledged(): void {}

  writable(): void {}

  closed(reason: string): void {
    const { tallies, stage } = { tallies: this.group.stage.tallies, stage: this.group.stage }
    if (this.#isAway || this.#isGone) {
      this.#isConnected = false
      return
    }
    if (this.#isConnected) tallies.lost++
    else tallies.failed++
    this.#isConnected = false
    tallies.failedBecause(reason)
    if (!this.#isReady) return this.#ready(`${this.terms.clientId}: ${reason}`)
    stage.after(this.group.backOffMs(this.#attempts++), () => {
      if (!this.#isAway) this.connect()
    })
  }

  #subscribeNext(): void {
    const { stage, options } = this.group
    const some = this.#filters.slice(this.#subscribing, this.#subscribing + FILTERS_AT_ONCE)
    this.#subscribing += some.length
    this.#subscribeStartedUs = stage.clock.nowUs()
    this.#client.subscribe(some.map((topicFilter) => ({ topicFilter, qos: options.qos })))
  }

  #ready(fault: string | undefined): void {
    if (this.#isReady) return
    this.#isReady = true
    this.#onReady(fault)
  }
}
