import { SequenceSet } from '../proof/sequence-set.ts'
import { SeededSource, seedOf } from '../random.ts'
import { intervalEndUs, rateAt } from '../timing/timetable.ts'
import type { Device } from './device.ts'
import type { FlowOnStage } from './flow-on-stage.ts'

/** One kind of message of one device: its numbers, and when the next one is due. */
export class Stream {
  readonly device: Device
  readonly flow: FlowOnStage
  readonly topic: string
  /** Subscribers that must get each message, at QoS 1 and 2. */
  readonly readers: number
  /** Number of the last message that was made, from 1 on. */
  sequence = 0
  nextDueUs = Infinity
  lastDueUs = 0
  /** Made and never sent. */
  discarded: SequenceSet | undefined
  /** Sent, and nobody will say whether it arrived. */
  unconfirmed: SequenceSet | undefined
  /** Sequence number and moment in turn, see SendLog. */
  sentNearAbsence: number[] | undefined
  #random: SeededSource | undefined
  /** Of regular arrivals: the due time without jitter. */
  #beatUs = 0

  constructor(device: Device, flow: FlowOnStage, topic: string) {
    this.device = device
    this.flow = flow
    this.topic = topic
    this.readers = flow.readersOf(device.numberInFleet - 1)
  }

  /** The first message is due within one interval, at a time of this device's own. */
  begin(fromUs: number): void {
    const { fleet, flow, intervalUs } = this.flow
    const { seed } = fleet.stage
    this.#random = new SeededSource(seedOf(seed, fleet.name, this.device.numberInFleet, flow.message ?? flow.kind))
    this.#beatUs = intervalEndUs(fleet.spikes, fromUs, this.#random.next() * intervalUs)
    this.nextDueUs = this.#jittered()
  }

  /** Sets when the message after the one due now is due. */
  advance(): void {
    const { intervalUs, isPoisson, fleet } = this.flow
    this.lastDueUs = this.nextDueUs
    if (isPoisson) {
      const waitUs = -Math.log(1 - (this.#random as SeededSource).next()) * intervalUs
      this.nextDueUs = Math.round(intervalEndUs(fleet.spikes, this.nextDueUs, waitUs))
      return
    }
    this.#beatUs = intervalEndUs(fleet.spikes, this.#beatUs, intervalUs)
    this.nextDueUs = this.#jittered()
  }

  /** A message is there, and not only due: it has a number. With the last one that it may send, the stream ends. */
  made(): void {
    this.sequence++
    if (this.sequence >= this.flow.limit) this.nextDueUs = Infinity
  }

  /** First arrivals at QoS 1 and 2 that are promised so far. */
  get owed(): number {
    const { readers } = this
    if (readers === 0) return 0
    return readers * (this.sequence - (this.discarded?.size ?? 0) - (this.unconfirmed?.size ?? 0))
  }

  discard(sequence: number, dueUs: number): void {
    ;(this.discarded ??= new SequenceSet()).add(sequence)
    this.flow.discarded++
    this.#doesNotCount(dueUs)
  }

  leaveUnconfirmed(sequence: number, dueUs: number): void {
    ;(this.unconfirmed ??= new SequenceSet()).add(sequence)
    this.#doesNotCount(dueUs)
  }

  #doesNotCount(dueUs: number): void {
    const { fleet, flow } = this.flow
    fleet.stage.awayWindows.count(flow.name, this.device.numberInFleet - 1, dueUs, -1)
  }

  /** The beat, or as much later as the interval of that moment allows. */
  #jittered(): number {
    const { jitter, intervalUs, fleet } = this.flow
    if (jitter === 0) return Math.round(this.#beatUs)
    const interval = intervalUs / rateAt(fleet.spikes, this.#beatUs)
    return Math.round(this.#beatUs + (this.#random as SeededSource).next() * jitter * interval)
  }
}
