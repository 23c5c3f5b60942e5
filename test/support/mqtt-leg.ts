import { decodePublish } from '../../src/protocol/packets/publish.ts'
import { newApplicationMessage } from '../../src/protocol/new-application-message.ts'
import { PacketType } from '../../src/protocol/packet-types.ts'
import { readMark } from '../../devices-sim/payloads/read-mark.ts'
import type { Mark } from '../../devices-sim/proof/mark.ts'

export type Direction = 'to broker' | 'to client'

/** A PUBLISH that passes, as the proxy sees it. */
export interface PassingPublish {
  readonly direction: Direction
  /** Of the client at this end, whichever way the packet goes. */
  readonly clientId: string
  readonly topic: string
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly mark: Mark | undefined
  readonly payload: Buffer
  /** The packet without what may differ between two equal runs: its identifier is 0 and DUP is off. */
  readonly packet: Buffer
}

/**
 * What is done with it. `corrupt` makes its mark unreadable, `swap` lets the next one of its stream pass before it,
 * `hold` the next four. Whatever is lost or made up here is acknowledged here: neither end knows.
 */
export type Fault = 'drop' | 'duplicate' | 'duplicate with dup' | 'duplicate as new' | 'swap' | 'hold' | 'corrupt'

export type Judge = (publish: PassingPublish) => Fault | undefined

interface Held {
  readonly packet: Buffer
  readonly key: string
  passing: number
}

/** Made-up packet identifiers count down from here: no client of a test gets that far. */
const FIRST_FORGED_ID = 65_000
const HELD_FOR = { swap: 1, hold: 4 } as const

/** One way through a proxied connection: PUBLISH and PUBREL of the sender, and what the receiver answers to them. */
export class MqttLeg {
  readonly #direction: Direction
  readonly #toReceiver: (packet: Uint8Array) => void
  readonly #toSender: (packet: Uint8Array) => void
  readonly #judge: Judge
  readonly #held: Held[] = []
  /** The receiver knows them, the sender does not. */
  readonly #forged = new Set<number>()
  /** The sender believes them delivered, the receiver never saw them. */
  readonly #dropped = new Set<number>()
  /** The receiver got them twice; its first answer is kept here. */
  readonly #doubled = new Set<number>()
  #lastForgedId = FIRST_FORGED_ID

  constructor(
    direction: Direction,
    ends: { toReceiver(packet: Uint8Array): void; toSender(packet: Uint8Array): void },
    judge: Judge,
  ) {
    this.#direction = direction
    this.#toReceiver = (packet) => ends.toReceiver(packet)
    this.#toSender = (packet) => ends.toSender(packet)
    this.#judge = judge
  }

  publish(packet: Buffer, bodyStart: number, client: { readonly clientId: string; readonly version: 4 | 5 }): void {
    const seen = read(packet, bodyStart, client.version)
    const { mark, qos, packetId, idAt } = seen
    const key = mark === undefined ? '' : `${mark.device} ${mark.stream}`
    const { clientId } = client
    const fault = this.#judge({ ...seen, direction: this.#direction, clientId, packet: withoutId(packet, seen) })
    if (fault === 'drop') return this.#drop(qos, packetId)
    if (fault === 'swap' || fault === 'hold') {
      this.#held.push({ packet, key, passing: HELD_FOR[fault] })
      return
    }
    this.#toReceiver(fault === 'corrupt' ? corrupted(packet) : packet)
    if (fault?.startsWith('duplicate') === true) this.#toReceiver(this.#copy(fault, packet, qos, idAt))
    this.#release(key)
  }

  /** PUBREL of the sender: false when the receiver must not see it. */
  release(packetId: number): boolean {
    if (!this.#dropped.delete(packetId)) return true
    this.#toSender(response(PacketType.pubcomp, packetId))
    return false
  }

  /** PUBACK, PUBREC or PUBCOMP of the receiver: false when the sender must not see it. */
  response(type: number, packetId: number): boolean {
    if (this.#doubled.delete(packetId)) return false
    if (!this.#forged.has(packetId)) return true
    if (type === PacketType.pubrec) this.#toReceiver(response(PacketType.pubrel, packetId))
    else this.#forged.delete(packetId)
    return false
  }

  #drop(qos: 0 | 1 | 2, packetId: number): void {
    if (qos === 0) return
    if (qos === 2) this.#dropped.add(packetId)
    this.#toSender(response(qos === 1 ? PacketType.puback : PacketType.pubrec, packetId))
  }

  #copy(fault: Fault, packet: Buffer, qos: 0 | 1 | 2, idAt: number): Buffer {
    const copy = Buffer.from(packet)
    if (qos === 0) return copy
    if (fault === 'duplicate as new') {
      const id = this.#lastForgedId--
      this.#forged.add(id)
      copy.writeUInt16BE(id, idAt)
      return copy
    }
    if (fault === 'duplicate with dup') copy[0] = (copy[0] as number) | 8
    this.#doubled.add(copy.readUInt16BE(idAt))
    return copy
  }

  /** One of this stream has passed. */
  #release(key: string): void {
    for (const held of this.#held.filter((one) => one.key === key)) {
      if (--held.passing > 0) continue
      this.#held.splice(this.#held.indexOf(held), 1)
      this.#toReceiver(held.packet)
    }
  }
}

function read(packet: Buffer, bodyStart: number, version: 4 | 5) {
  const message = newApplicationMessage({ payload: noBytes, qos: 0, retain: false, properties: {} }, '', 0)
  decodePublish(message, packet, 0, bodyStart, packet.length, version)
  return {
    topic: packet.toString('utf8', message.topicStart, message.topicEnd),
    qos: message.qos,
    retain: message.retain,
    packetId: message.packetId,
    idAt: message.topicEnd,
    // wherever it stands, in a property or in the payload
    mark: readMark(packet.subarray(message.topicEnd)),
    payload: packet.subarray(message.payloadStart, message.payloadEnd),
  }
}

function withoutId(packet: Buffer, { qos, idAt }: { readonly qos: number; readonly idAt: number }): Buffer {
  const copy = Buffer.from(packet)
  copy[0] = (copy[0] as number) & ~8
  if (qos > 0) copy.writeUInt16BE(0, idAt)
  return copy
}

/** The first letter of the mark is another one: lengths and format stay good. */
function corrupted(packet: Buffer): Buffer {
  const copy = Buffer.from(packet)
  const at = copy.indexOf('~sim ')
  if (at >= 0) copy[at + 1] = 'r'.charCodeAt(0)
  return copy
}

function response(type: number, packetId: number): Uint8Array {
  return Uint8Array.of((type << 4) | (type === PacketType.pubrel ? 2 : 0), 2, packetId >> 8, packetId & 0xff)
}

const noBytes = new Uint8Array(0)
