import type { Connack, InboundPacket, Publish } from '../support/wire-decoder.ts'
import { ackPacket, disconnectPacket, subscribePacket } from '../support/wire-packets.ts'
import type { Dice, Ledger } from './ledger.ts'
import { Link } from './link.ts'
import type { Publisher } from './publisher.ts'

/**
 * Holds what comes against what may come. Payloads of a publisher count up for each QoS, so one number for each such
 * stream says it all: the next is one more, QoS 1 may repeat what was there, anything else was lost or out of order.
 */
export class Subscriber {
  readonly name: string
  readonly #qos: 1 | 2
  readonly #ledger: Ledger
  readonly #dice: Dice
  readonly #receiveMaximum: number
  /** By topic name. */
  readonly #last = new Map<string, number>()
  /** QoS 2 packet identifiers received and not released, and what came with each. */
  readonly #held = new Map<number, string>()
  #unsent: Uint8Array[] = []
  #link: Link | undefined
  #hasSession = false
  #subscribed: (() => void) | undefined

  constructor(name: string, qos: 1 | 2, receiveMaximum: number, ledger: Ledger, dice: Dice) {
    this.name = name
    this.#qos = qos
    this.#receiveMaximum = receiveMaximum
    this.#ledger = ledger
    this.#dice = dice
  }

  /** Resolves once its session is there, and subscribed. */
  async connect(port: number): Promise<void> {
    const events = { onPacket: (packet: InboundPacket) => this.#take(packet), onClosed: () => this.#closed() }
    const opened = await Link.open(port, this.name, this.#receiveMaximum, events)
    if (opened === undefined) return
    this.#link = opened.link
    this.#check(opened.connack)
    opened.link.begin()
    if (this.#hasSession) return
    this.#hasSession = true
    const acknowledged = new Promise<void>((resolve) => (this.#subscribed = resolve))
    opened.link.send(subscribePacket(5, 1, [{ topicFilter: 'load/#', qos: this.#qos }]))
    await acknowledged
  }

  /** Leaves; its session stays. */
  leave(): void {
    this.#link?.send(disconnectPacket(0))
    this.#link?.end()
    this.#closed()
  }

  /** What it has not got of what was published, a sentence each. */
  missing(publishers: readonly Publisher[]): string[] {
    return publishers.flatMap(({ name, counts }) =>
      ([1, 2] as const).flatMap((qos) => {
        const last = this.#last.get(`load/${name}/${qos}`) ?? 0
        return last === counts[qos] ? [] : [`${this.name}: load/${name}/${qos} ends at ${last} of ${counts[qos]}`]
      }),
    )
  }

  #check({ reasonCode, sessionPresent }: Connack): void {
    if (reasonCode !== 0) this.#ledger.violated('session', `${this.name}: CONNECT refused with ${reasonCode}`)
    if (this.#hasSession && !sessionPresent) this.#ledger.violated('session', `${this.name}: its session is gone`)
  }

  #closed(): void {
    this.#link = undefined
    this.#unsent = []
  }

  #take(packet: InboundPacket): void {
    switch (packet.kind) {
      case 'suback':
        this.#subscribed?.()
        return
      case 'publish':
        this.#receive(packet)
        return
      case 'pubrel':
        this.#held.delete(packet.packetId)
        this.#answer(ackPacket('pubcomp', packet.packetId))
        return
      case 'disconnect':
        this.#ledger.violated('protocol', `${this.name}: DISCONNECT ${packet.reasonCode}`)
        return
      default:
    }
  }

  #receive(publish: Publish): void {
    const { packetId, qos } = publish
    if (qos === 2 && this.#held.has(packetId)) {
      if (!publish.dup) this.#ledger.unmarked++
      const known = this.#held.get(packetId)
      if (known !== markOf(publish)) {
        this.#ledger.violated(
          'twice',
          `${this.name}: packet id ${packetId} of ${known} stands for ${markOf(publish)} now`,
        )
      }
    } else {
      if (qos === 2) this.#held.set(packetId, markOf(publish))
      this.#deliver(publish)
    }
    this.#answer(ackPacket(qos === 2 ? 'pubrec' : 'puback', packetId))
  }

  #deliver({ topicName, qos, text }: Publish): void {
    this.#ledger.delivered++
    const count = Number(text.split(' ', 1)[0])
    const published = Number(topicName.split('/')[2])
    if (qos !== Math.min(published, this.#qos))
      this.#ledger.violated('protocol', `${this.name}: ${topicName} came at QoS ${qos}`)
    const last = this.#last.get(topicName) ?? 0
    if (count === last + 1) {
      this.#last.set(topicName, count)
    } else if (count <= last) {
      this.#ledger.repeated++
      if (qos === 2) this.#ledger.violated('twice', `${this.name}: ${topicName} ${count} came twice at QoS 2`)
    } else {
      const what = count === last + 2 ? `${last + 1} is` : `${last + 1} to ${count - 1} are`
      this.#ledger.violated('lost', `${this.name}: ${topicName} ${what} lost or out of order at QoS ${qos}`)
      this.#last.set(topicName, count)
    }
  }

  /** Now or a little later, so that something is always in flight when the broker dies. */
  #answer(packet: Uint8Array): void {
    this.#unsent.push(packet)
    if (this.#unsent.length > 1) return
    const flush = (): void => {
      for (const one of this.#unsent) this.#link?.send(one)
      this.#unsent = []
    }
    if (this.#dice.below(3) === 0) setTimeout(flush, this.#dice.below(8))
    else queueMicrotask(flush)
  }
}

/** Tells a message from any other. */
function markOf({ topicName, text }: Publish): string {
  return `${topicName} ${text.split(' ', 1)[0]}`
}
