import type { Connack, InboundPacket } from '../support/wire-decoder.ts'
import { ackPacket, publishPacket } from '../support/wire-packets.ts'
import type { Dice, Ledger } from './ledger.ts'
import { Link } from './link.ts'
import type { RetainedModel } from './retained-model.ts'

/** A publish from its PUBLISH to the last acknowledgement. */
interface Flight {
  readonly topicName: string
  readonly payload: string
  readonly qos: 1 | 2
  readonly retain: boolean
  /** PUBREC came: what is sent again is PUBREL. */
  isReceived: boolean
}

/** Few, so that each is used again as soon as it is free. */
const PACKET_IDS = 24
const RETAINED_TOPICS = 8
const PADDING = 'x'.repeat(20_000)

/**
 * Publishes as fast as acknowledgements come: `load/{name}/{qos}` with payloads that count up, and retained messages.
 * What was not acknowledged when the broker died is sent again in order, as the standard has it.
 */
export class Publisher {
  readonly name: string
  /** How many went out to `load/{name}/1` and `/2`. */
  readonly counts = { 1: 0, 2: 0 }
  readonly #ledger: Ledger
  readonly #dice: Dice
  readonly #retained: RetainedModel
  readonly #flights = new Map<number, Flight>()
  readonly #freeIds = Array.from({ length: PACKET_IDS }, (_, index) => index + 1)
  #retainedCount = 0
  #link: Link | undefined
  #hasSession = false
  #isFeeding = true

  constructor(name: string, ledger: Ledger, dice: Dice, retained: RetainedModel) {
    this.name = name
    this.#ledger = ledger
    this.#dice = dice
    this.#retained = retained
  }

  get isIdle(): boolean {
    return this.#flights.size === 0
  }

  get waitsFor(): string {
    return `${this.name} waits for ${this.#flights.size} acknowledgements`
  }

  stopFeeding(): void {
    this.#isFeeding = false
  }

  async connect(port: number): Promise<void> {
    const events = { onPacket: (packet: InboundPacket) => this.#take(packet), onClosed: () => (this.#link = undefined) }
    const opened = await Link.open(port, this.name, 100, events)
    if (opened === undefined) return
    this.#link = opened.link
    this.#resume(opened.connack)
    opened.link.begin()
    this.#feed()
  }

  #resume({ reasonCode, sessionPresent }: Connack): void {
    if (reasonCode !== 0) this.#ledger.violated('session', `${this.name}: CONNECT refused with ${reasonCode}`)
    if (this.#hasSession && !sessionPresent) this.#ledger.violated('session', `${this.name}: its session is gone`)
    this.#hasSession = true
    for (const [packetId, flight] of this.#flights) {
      if (flight.isReceived) this.#link?.send(ackPacket('pubrel', packetId))
      else this.#publish(packetId, flight, true)
    }
  }

  #feed(): void {
    while (this.#isFeeding && this.#link !== undefined) {
      const packetId = this.#freeIds.pop()
      if (packetId === undefined) return
      const flight = this.#nextFlight()
      this.#flights.set(packetId, flight)
      this.#ledger.published++
      this.#publish(packetId, flight, false)
    }
  }

  #nextFlight(): Flight {
    const choice = this.#dice.below(10)
    if (choice === 0) return this.#nextRetained()
    const qos = choice < 5 ? 1 : 2
    const count = ++this.counts[qos]
    const padding = PADDING.slice(0, this.#dice.below(200) === 0 ? 20_000 : this.#dice.below(200))
    const payload = `${count} ${padding}`
    return { topicName: `load/${this.name}/${qos}`, payload, qos, retain: false, isReceived: false }
  }

  #nextRetained(): Flight {
    const topicName = `kept/${this.name}/${this.#dice.below(RETAINED_TOPICS)}`
    const payload = this.#dice.below(6) === 0 ? '' : String(++this.#retainedCount)
    this.#retained.sent(topicName, payload)
    return { topicName, payload, qos: 1, retain: true, isReceived: false }
  }

  #publish(packetId: number, { topicName, payload, qos, retain }: Flight, dup: boolean): void {
    this.#link?.send(publishPacket(5, topicName, payload, { qos, retain, dup, packetId }))
  }

  #take(packet: InboundPacket): void {
    if (packet.kind === 'disconnect') this.#ledger.violated('protocol', `${this.name}: DISCONNECT ${packet.reasonCode}`)
    if (packet.kind !== 'puback' && packet.kind !== 'pubrec' && packet.kind !== 'pubcomp') return
    const { kind, packetId, reasonCode } = packet
    const flight = this.#flights.get(packetId)
    if (flight === undefined) {
      this.#ledger.violated('protocol', `${this.name}: ${kind} for ${packetId}, which is not in use`)
      return
    }
    this.#ledger.acknowledgements++
    // a PUBREL that is sent again may come after the one that did it: 0x92
    if (reasonCode >= 0x80 && kind !== 'pubcomp')
      this.#ledger.violated('protocol', `${this.name}: ${kind} ${reasonCode} for ${flight.topicName}`)
    if (kind === 'pubrec') {
      flight.isReceived = true
      // behind those whose PUBREL went out before
      this.#flights.delete(packetId)
      this.#flights.set(packetId, flight)
      this.#link?.send(ackPacket('pubrel', packetId))
      return
    }
    if (flight.retain) this.#retained.acknowledged(flight.topicName, flight.payload)
    this.#flights.delete(packetId)
    this.#freeIds.push(packetId)
    this.#feed()
  }
}
