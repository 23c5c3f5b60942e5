import type { Stage } from '../devices/stage.ts'
import type { InboundPublish } from '../engines/engine.ts'
import { LatencyHistogram } from '../measures/latency-histogram.ts'
import { readMark, readMarkText } from '../payloads/read-mark.ts'
import { Arrivals } from '../proof/arrivals.ts'
import type { Mark } from '../proof/mark.ts'
import type { ExpectedDelivery } from '../scenario/expected-deliveries.ts'
import { FIRST_COMMAND_STREAM } from './controller.ts'
import type { Subscriber } from './subscriber.ts'

/** More streams than a device can have. */
const STREAMS = 1024

/** What is expected of one stream number of a fleet. */
export interface Expectation {
  readonly delivery: ExpectedDelivery
  readonly isWill: boolean
  /** Of one group: shared by its subscribers in this process. */
  readonly latency: LatencyHistogram
}

/** Finds what a mark's device and stream are to a group; undefined for what it need not get. */
export type ExpectationOf = (device: number, stream: number) => Expectation | undefined

/** The books of one subscriber, or of all that share a subscription: what came of each stream of each device. */
export class Tracker {
  readonly #stage: Stage
  readonly #expectationOf: ExpectationOf
  readonly #isPersistent: boolean
  /** By device * STREAMS + stream. */
  readonly arrivals = new Map<number, Arrivals>()
  /** Wills that came, by device: numbers of their connections. */
  readonly wills = new Map<number, number[]>()
  /** Connections so far: between two of them it was away. */
  connections = 0
  /** Of them, those before the run began: one, or one for each that shares the subscription. */
  connectionsAtStart = 1
  willsSeen = 0

  constructor(stage: Stage, expectationOf: ExpectationOf, isPersistent: boolean) {
    this.#stage = stage
    this.#expectationOf = expectationOf
    this.#isPersistent = isPersistent
  }

  receive(subscriber: Subscriber, message: InboundPublish): void {
    const { tallies, run } = this.#stage
    const text = message.mark
    const mark = text === undefined ? readMark(message.payload) : readMarkText(text)
    if (message.retain) return // sent again for a new subscription; the message itself has its own way
    if (mark === undefined || mark.run !== run) {
      tallies.stray++
      tallies.received++ // it shows in the rates
      return
    }
    const expectation = this.#expectationOf(mark.device, mark.stream)
    if (expectation === undefined) {
      if (mark.stream < FIRST_COMMAND_STREAM) tallies.stray++ // nobody here asked for it
      return
    }
    if (expectation.isWill) this.#receiveWill(mark, message.dup)
    else this.#receiveData(subscriber, mark, message.dup, expectation)
  }

  #receiveData(subscriber: Subscriber, mark: Mark, dup: boolean, { delivery, latency }: Expectation): void {
    const { tallies, latencies, clock, timetable } = this.#stage
    const key = mark.device * STREAMS + mark.stream
    let arrivals = this.arrivals.get(key)
    if (arrivals === undefined) this.arrivals.set(key, (arrivals = new Arrivals(this.connectionsAtStart)))
    const isPromised = this.#isPersistent && delivery.qos > 0
    const arrival = arrivals.arrive(mark.sequence, dup, this.connections, isPromised || delivery.isShared)
    if (arrival === 'duplicate') {
      tallies.duplicates++
      return
    }
    tallies.received++
    if (delivery.qos > 0) tallies.owedReceived++
    const { dueUs } = mark
    if (dueUs === 0) return // what a device says of itself is due at no time
    const us = clock.nowUs() - dueUs
    latencies.secondEndToEnd.record(us)
    if (dueUs >= timetable.warmUpEndUs) latency.record(us)
    for (const absence of subscriber.absences) {
      if (this.#stage.awayWindows.isCounted(absence.window, delivery, dueUs)) absence.arrived++
    }
  }

  /** `dup`: a broker that sends again after a reconnect may do so. */
  #receiveWill({ device, sequence }: Mark, dup: boolean): void {
    const seen = this.wills.get(device)
    if (dup && seen?.includes(sequence) === true) return
    if (seen?.includes(sequence) !== true) this.willsSeen++
    if (seen === undefined) this.wills.set(device, [sequence])
    else seen.push(sequence)
  }
}

/** Takes a key of `arrivals` apart. */
export function deviceAndStream(key: number): { readonly device: number; readonly stream: number } {
  return { device: Math.floor(key / STREAMS), stream: key % STREAMS }
}
