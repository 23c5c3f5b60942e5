import { RingQueue } from '../../src/structures/ring-queue.ts'
import type { CalledWill } from '../proof/books.ts'
import type { ConnectTerms, InboundPublish, SimulatedClient } from '../engines/engine.ts'
import type { Disturbance } from '../scenario/schema.ts'
import type { Sensor } from '../sensors/sensor.ts'
import { answerCommand } from './answer-command.ts'
import { DeviceLink } from './device-link.ts'
import type { FleetOnStage } from './fleet-on-stage.ts'
import type { FlowOnStage } from './flow-on-stage.ts'
import { nothingToSay, readSensors, type Readings } from './read-sensors.ts'
import { Stream } from './stream.ts'

/** A message that is made and waits: its device is away, or too many are on their way. */
interface Waiting {
  readonly stream: Stream
  readonly sequence: number
  readonly dueUs: number
  readonly readings: Readings
}

/** Tokens tell the engine's acknowledgements apart: the stream in the upper bits, the sequence number below. */
const SEQUENCES = 2 ** 40

type State = 'new' | 'connecting' | 'online' | 'leaving' | 'away'

/** How long a device that leaves in order waits for its acknowledgements. */
const GOODBYE_MS = 2000
/** A broker may be early or late by this much with a delayed will. */
const WILL_DELAY_MARGIN_MS = 500

/** One device: what it measures, what it still has to send, and the connections it has had. */
export class Device {
  readonly fleet: FleetOnStage
  /** In the whole run, 0 for the first. */
  readonly number: number
  readonly clientId: string
  readonly streams: readonly Stream[]
  readonly sensors: readonly Sensor[]
  /** How often each sensor was read. */
  readonly readCounts: number[]
  #state: State = 'new'
  #link: DeviceLink | undefined
  /** 1 for the first; the sequence number of the will of that connection. */
  #connection = 0
  #attempts = 0
  #connectStartedUs = 0
  #inFlightMost = 0
  #isFull = false
  /** It keeps its connection and sends nothing: half-open or silent. */
  #isMute = false
  #isConnected = false
  #isLeaving = false
  #awayMs = 0
  #delayedWill: CalledWill | undefined
  #waiting: RingQueue<Waiting> | undefined
  /** QoS 1 and 2 on their way: due time by token. */
  #onTheWay: Map<number, number> | undefined
  /** Connections whose will must have been published, and those where nobody knows. */
  willsExpected: CalledWill[] | undefined
  willsUnconfirmed: number[] | undefined

  constructor(fleet: FleetOnStage, number: number) {
    this.fleet = fleet
    this.number = number
    const identity = fleet.identityOf(this.numberInFleet)
    this.clientId = identity.client
    this.streams = fleet.flows.map((flow) => new Stream(this, flow, flow.topic(identity)))
    this.sensors = fleet.makeSensors(this.numberInFleet)
    this.readCounts = this.sensors.map(() => 0)
  }

  /** 1 for the first. */
  get numberInFleet(): number {
    return this.number - this.fleet.firstDevice + 1
  }

  get isOnline(): boolean {
    return this.#state === 'online'
  }

  /** As it connects, but for will and session. */
  get terms(): ConnectTerms {
    return this.fleet.plainTerms(this)
  }

  /** Nothing waits here, nothing is on its way. */
  get isIdle(): boolean {
    return (this.#waiting?.length ?? 0) === 0 && (this.#onTheWay?.size ?? 0) === 0
  }

  /** How often its wills so far must arrive, at all subscribers together. */
  get willsOwed(): number {
    const { willsExpected } = this
    if (willsExpected === undefined) return 0
    const will = this.streams.find(({ flow }) => flow.flow.kind === 'will' || flow.flow.kind === 'ndeath')
    return willsExpected.length * (will?.readers ?? 0)
  }

  connect(): void {
    if (this.#isLeaving) return
    this.#state = 'connecting'
    this.#isMute = false
    this.#connection++
    this.#connectStartedUs = this.fleet.stage.clock.nowUs()
    this.#link ??= new DeviceLink(this, this.fleet.engine)
    this.#link.client.connect(this.fleet.connectTerms(this, this.#connection))
  }

  /** Makes the message that is due: the sensors are read now, whatever becomes of the connection. */
  make(stream: Stream): void {
    const dueUs = stream.nextDueUs
    stream.advance()
    const { flow } = stream
    const readings = readSensors(this, flow, dueUs)
    if (readings === nothingToSay) return
    stream.made()
    flow.due++
    this.fleet.stage.tallies.due++
    this.fleet.stage.awayWindows.count(flow.flow.name, this.numberInFleet - 1, dueUs, 1)
    if (this.#canSend(flow) && (this.#waiting?.length ?? 0) === 0) this.#send(stream, stream.sequence, dueUs, readings)
    else this.#hold({ stream, sequence: stream.sequence, dueUs, readings })
  }

  /** Breaks its life as a phase says; it comes back after `awayMs` or by its back-off. */
  disturb(how: Disturbance, awayMs: number): void {
    if (this.#state !== 'online' || this.#isMute) return
    const link = this.#link as DeviceLink
    const { client } = link
    this.#awayMs = awayMs
    switch (how) {
      case 'drop':
        this.#expectWill()
        this.#state = 'leaving'
        return client.drop()
      case 'disconnect':
        return this.#sayGoodbye(client)
      case 'pause-reading':
        client.pauseReading()
        return this.fleet.stage.after(awayMs, () => client.resumeReading())
      case 'silent':
        this.#isMute = true
        this.#expectWill(2 * this.fleet.options.keepAlive)
        return client.stopPinging()
      case 'half-open':
        this.#isMute = true
        client.freeze()
        return this.fleet.stage.after(awayMs, () => this.#replace(link))
      case 'takeover':
        return this.#replace(link)
    }
  }

  /** Leaves for good; what could not be sent until now never will be. */
  leave(): void {
    while (this.#waiting !== undefined && this.#waiting.length > 0) this.#discardOldest()
    this.#isLeaving = true
    if (this.#state === 'online' && !this.#isMute) return this.#sayGoodbye((this.#link as DeviceLink).client)
    // whatever it was in the middle of: nobody can say whether a will follows
    if (this.#isConnected && this.fleet.hasWill) (this.willsUnconfirmed ??= []).push(this.#connection)
    if (this.#delayedWill !== undefined) (this.willsUnconfirmed ??= []).push(this.#delayedWill.connection)
    this.#link?.client.drop()
  }

  /** The books are closed: what nobody acknowledged until now is unconfirmed. */
  closeBooks(): void {
    for (const [token, dueUs] of this.#onTheWay ?? []) this.#forget(token, dueUs)
    this.#onTheWay = undefined
  }

  /** The token of a message that is being sent outside of the clock. */
  sending(stream: Stream, sequence: number): number {
    const token = stream.flow.stream * SEQUENCES + sequence
    if (stream.flow.flow.qos > 0) (this.#onTheWay ??= new Map()).set(token, 0)
    return token
  }

  connected(link: DeviceLink, sessionPresent: boolean, receiveMaximum: number): void {
    if (link !== this.#link) return
    const { tallies, latencies, clock } = this.fleet.stage
    latencies.connect.record(clock.nowUs() - this.#connectStartedUs)
    tallies.connected++
    tallies.opened++
    if (this.#connection > 1) tallies.reconnects++
    this.#state = 'online'
    this.#isConnected = true
    this.#settleDelayedWill()
    this.#attempts = 0
    this.#isFull = false
    this.#inFlightMost = Math.min(this.fleet.options.inFlight, receiveMaximum)
    if (!sessionPresent) {
      for (const [token, dueUs] of this.#onTheWay ?? []) this.#forget(token, dueUs)
      this.#onTheWay?.clear()
      const subscriptions = this.fleet.subscriptionsOf(this)
      if (subscriptions.length > 0) link.client.subscribe(subscriptions)
    }
    link.retired?.client.drop()
    link.retired = undefined
    this.#announce()
    this.#sendWaiting()
  }

  acknowledged(link: DeviceLink, token: number, reasonCode: number): void {
    const dueUs = this.#onTheWay?.get(token)
    if (dueUs === undefined) return // also of a connection whose place a twin has taken: they share a session
    this.#onTheWay?.delete(token)
    const { flow } = this.streams[Math.floor(token / SEQUENCES)] as Stream
    if (reasonCode >= 0x80) {
      flow.refused++
      this.#forget(token, dueUs)
    } else {
      flow.acknowledged++
      this.fleet.stage.tallies.acknowledged++
      this.fleet.recordAcknowledgement(flow, dueUs)
    }
    if (this.#state === 'leaving') this.#disconnectWhenDone(link)
    else this.#sendWaiting()
  }

  /** A refused command subscription would look as if the device did not answer. */
  subscribed(reasonCodes: readonly number[]): void {
    if (reasonCodes.some((code) => code >= 0x80)) {
      this.fleet.stage.tallies.failedBecause(`${this.fleet.name}: the broker refused the subscription to commands`)
    }
  }

  writable(link: DeviceLink): void {
    if (link !== this.#link) return
    this.#isFull = false
    this.#sendWaiting()
  }

  received(link: DeviceLink, message: InboundPublish): void {
    if (link === this.#link && !this.#isMute) answerCommand(this, link.client, message)
  }

  closed(link: DeviceLink, reason: string): void {
    if (link !== this.#link) return
    const { tallies } = this.fleet.stage
    const was = this.#state
    this.#state = 'away'
    this.#forgetConnection()
    if (was === 'connecting') {
      tallies.failed++
      tallies.failedBecause(reason)
    } else if (was === 'online' && !this.#isMute && !this.#isLeaving) {
      tallies.lost++
      tallies.failedBecause(reason)
      if (this.fleet.hasWill) (this.willsUnconfirmed ??= []).push(this.#connection)
      this.fleet.forgetRetainedWill(this)
    }
    if (this.#isLeaving) return
    this.fleet.stage.after(Math.max(this.#awayMs, this.fleet.backOffMs(this.#attempts++)), () => this.connect())
    this.#awayMs = 0
  }

  #forgetConnection(): void {
    if (this.#isConnected) this.fleet.stage.tallies.connected--
    this.#isConnected = false
  }

  /** A twin with the same client identifier and its session takes the place of this connection. */
  #replace(link: DeviceLink): void {
    if (this.#state !== 'online' || link !== this.#link || this.#isLeaving) return
    this.#expectWill()
    this.#forgetConnection()
    this.#link = new DeviceLink(this, this.fleet.engine, this.#link)
    this.connect()
  }

  /** `withinMs`: how long it may take the broker to notice. */
  #expectWill(withinMs = 0): void {
    if (!this.fleet.hasWill) return
    const nowUs = this.fleet.stage.clock.nowUs()
    const called = { connection: this.#connection, fromUs: nowUs, toUs: nowUs + withinMs * 1000 }
    if (this.fleet.willDelayMs === 0) {
      ;(this.willsExpected ??= []).push(called)
      return this.fleet.retainWill(this, this.#connection)
    }
    this.#delayedWill = called
    this.fleet.forgetRetainedWill(this)
  }

  /** A will with a delay is published unless the session goes on in time: that is known when it does, or never will. */
  #settleDelayedWill(): void {
    const will = this.#delayedWill
    this.#delayedWill = undefined
    if (will === undefined) return
    const awayMs = (this.fleet.stage.clock.nowUs() - will.fromUs) / 1000
    const { willDelayMs } = this.fleet
    if (awayMs < willDelayMs - WILL_DELAY_MARGIN_MS) return
    const isCertain = awayMs > willDelayMs + WILL_DELAY_MARGIN_MS
    if (isCertain) (this.willsExpected ??= []).push({ ...will, toUs: this.fleet.stage.clock.nowUs() })
    else (this.willsUnconfirmed ??= []).push(will.connection)
  }

  #sayGoodbye(client: SimulatedClient): void {
    this.fleet.publishGoodbye(this, client)
    if (this.fleet.sparkplug !== undefined) this.#expectWill() // which it has just published itself
    this.#state = 'leaving'
    const link = this.#link as DeviceLink
    this.fleet.stage.after(GOODBYE_MS, () => this.#leaveNow(link))
    this.#disconnectWhenDone(link)
  }

  #disconnectWhenDone(link: DeviceLink): void {
    if ((this.#onTheWay?.size ?? 0) === 0) this.#leaveNow(link)
  }

  #leaveNow(link: DeviceLink): void {
    if (this.#state === 'leaving' && link === this.#link) link.client.disconnect()
  }

  #announce(): void {
    this.fleet.publishBirths(this, (this.#link as DeviceLink).client)
  }

  #canSend(flow: FlowOnStage): boolean {
    if (this.#state !== 'online' || this.#isMute || this.#isFull) return false
    return flow.flow.qos === 0 || (this.#onTheWay?.size ?? 0) < this.#inFlightMost
  }

  #send(stream: Stream, sequence: number, dueUs: number, readings: Readings): void {
    const { flow } = stream
    const token = stream.flow.stream * SEQUENCES + sequence
    if (flow.flow.qos > 0) (this.#onTheWay ??= new Map()).set(token, dueUs)
    const client = (this.#link as DeviceLink).client
    this.#isFull = !this.fleet.publish(this, client, stream, sequence, dueUs, token, readings)
  }

  #hold(waiting: Waiting): void {
    const { messages, whenFull, offline } = this.fleet.options.buffer
    const isAway = this.#state !== 'online'
    if ((isAway && offline === 'discard') || messages === 0) return this.#discard(waiting)
    this.#waiting ??= new RingQueue()
    if (this.#waiting.length >= messages) {
      if (whenFull === 'drop-newest') return this.#discard(waiting)
      this.#discardOldest()
    }
    this.#waiting.push(waiting)
  }

  #sendWaiting(): void {
    const queue = this.#waiting
    for (let next = queue?.peek(); next !== undefined && this.#canSend(next.stream.flow); next = queue?.peek()) {
      queue?.shift()
      this.#send(next.stream, next.sequence, next.dueUs, next.readings)
    }
  }

  #discardOldest(): void {
    const oldest = this.#waiting?.shift()
    if (oldest !== undefined) this.#discard(oldest)
  }

  #discard({ stream, sequence, dueUs }: Waiting): void {
    stream.discard(sequence, dueUs)
    this.fleet.stage.tallies.discarded++
  }

  /** Nobody will say what became of a message that was on its way. */
  #forget(token: number, dueUs: number): void {
    const stream = this.streams[Math.floor(token / SEQUENCES)] as Stream
    stream.leaveUnconfirmed(token % SEQUENCES, dueUs)
    this.fleet.forgetRetained(stream, token % SEQUENCES)
  }
}
