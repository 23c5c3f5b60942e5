import { expect } from 'vitest'
import type { WireClient } from '../support/wire-client.ts'
import { RestartScene } from './restart-scene.ts'

export const READERS = ['one', 'two', 'three'] as const
export const TOPICS = ['a/1', 'a/2', 'b/1'] as const
export const FILTERS = ['a/#', 'a/1', 'b/+', '#'] as const

export type Qos = 0 | 1 | 2
type QosKept = 1 | 2

/** A message that was acknowledged, in the order of acknowledgements. */
interface Published {
  readonly topicName: string
  readonly qos: QosKept
  readonly text: string
  /** The subscription it comes by, where each of them brings a copy. */
  readonly via: string
}

/** How messages are handed on, as the settings say. */
export interface Ways {
  readonly upgradeOutgoingQos: boolean
  readonly overlappingSubscriptions: 'once' | 'each'
}

interface Reader {
  client: WireClient | undefined
  readonly subscriptions: Map<string, Qos>
  /** What it is owed, at the QoS it is to get it at; taken out when it has acknowledged it and that is on disk. */
  owed: Published[]
  readonly seen: (Omit<Published, 'qos'> & { readonly qos: Qos; readonly dup: boolean })[]
}

/**
 * A broker with one publisher, three readers, and what each reader is owed as a plain list. The publisher's session
 * outlives its connection too: what it was not answered it sends again.
 */
export class RestartModel {
  readonly scene: RestartScene
  readonly #readers = new Map<string, Reader>()
  readonly #retained = new Map<string, string>()
  #publisher: WireClient | undefined
  #count = 0

  readonly #ways: Ways

  constructor(isTiny: boolean, ways: Ways) {
    this.scene = new RestartScene({ features: ways }, isTiny)
    this.#ways = ways
    for (const name of READERS) {
      this.#readers.set(name, { client: undefined, subscriptions: new Map(), owed: [], seen: [] })
    }
  }

  async subscribe(name: string, topicFilter: string, qos: Qos): Promise<void> {
    const client = await this.#connected(name)
    const isEach = this.#ways.overlappingSubscriptions === 'each'
    const identifiers = isEach ? { subscriptionIdentifiers: [1 + FILTERS.findIndex((one) => one === topicFilter)] } : {}
    await client.subscribe({ topicFilter, qos, retainHandling: 2 }, identifiers)
    this.#reader(name).subscriptions.set(topicFilter, qos)
  }

  async unsubscribe(name: string, topicFilter: string): Promise<void> {
    const client = await this.#connected(name)
    await client.unsubscribe(topicFilter)
    this.#reader(name).subscriptions.delete(topicFilter)
  }

  async publish(topicName: string, qos: Qos, retain: boolean, times: number): Promise<void> {
    const publisher = await this.#publishing()
    for (let time = 0; time < times; time++) {
      const text = `${this.#count++}`
      for (const reader of this.#readers.values()) owe(reader, topicName, qos, text, this.#ways)
      await publisher.publish(topicName, text, { qos, retain })
      if (retain) this.#retained.set(topicName, text)
    }
    await publisher.barrier()
    if (qos === 0 && this.#ways.upgradeOutgoingQos) await this.scene.kept() // nobody has acknowledged it
  }

  /** It is answered before the crash and does not hear of it: sent again, it is the same message at QoS 2. */
  async publishAcrossCrash(topicName: string): Promise<void> {
    const publisher = await this.#publishing()
    const text = `${this.#count++}`
    const packetId = publisher.sendPublish(topicName, text, { qos: 2 })
    await publisher.next('pubrec')
    for (const reader of this.#readers.values()) owe(reader, topicName, 2, text, this.#ways)
    await this.crash()
    const again = await this.#publishing()
    again.sendPublish(topicName, text, { qos: 2, packetId, dup: true })
    await again.next('pubrec')
    again.acknowledge('pubrel', packetId)
    await again.next('pubcomp')
  }

  async connect(name: string): Promise<void> {
    await this.#connected(name)
  }

  /** Takes and acknowledges up to `count` of what came. */
  async take(name: string, count: number): Promise<void> {
    const client = await this.#connected(name)
    const packets = await client.rest()
    let left = count
    for (const packet of packets) {
      if (packet.kind === 'pubrel') client.acknowledge('pubcomp', packet.packetId)
      if (packet.kind !== 'publish') continue
      this.#saw(name, packet)
      if (packet.qos === 0 || left-- <= 0) continue
      client.acknowledge(packet.qos === 1 ? 'puback' : 'pubrec', packet.packetId)
    }
    await client.barrier()
  }

  async leave(name: string): Promise<void> {
    const reader = this.#reader(name)
    const { client } = reader
    reader.client = undefined
    if (client === undefined || client.isClosed) return
    for (const packet of await client.rest()) if (packet.kind === 'publish') this.#saw(name, packet)
    await client.disconnect(0)
  }

  async crash(): Promise<void> {
    for (const name of READERS) {
      const { client } = this.#reader(name)
      if (client === undefined || client.isClosed) continue
      for (const packet of await client.rest()) if (packet.kind === 'publish') this.#saw(name, packet)
    }
    for (const reader of this.#readers.values()) reader.client = undefined
    this.#publisher = undefined
    await this.scene.crash()
  }

  advance(byMs: number): Promise<void> {
    return this.scene.advance(byMs)
  }

  /** Everybody comes and takes all; then it is looked at what each has seen. */
  async settle(): Promise<void> {
    await this.crash()
    for (const name of READERS) {
      const client = await this.#connected(name)
      for (let quiet = 0; quiet < 2;) {
        const packets = await client.rest()
        for (const packet of packets) {
          if (packet.kind === 'pubrel') client.acknowledge('pubcomp', packet.packetId)
          if (packet.kind !== 'publish') continue
          this.#saw(name, packet)
          if (packet.qos > 0) client.acknowledge(packet.qos === 1 ? 'puback' : 'pubrec', packet.packetId)
        }
        quiet = packets.length === 0 ? quiet + 1 : 0
      }
    }
    for (const name of READERS) this.#expectAllSeen(name)
    await this.#expectRetained()
    await this.scene.advance(200)
    await this.scene.kept()
    expect(this.scene.broker.statistics.counters.assertions).toBe(0)
    expect(this.scene.broker.statistics.gauges().storedMessages).toBe(this.#retained.size)
    expect(this.scene.disk.keys('m|')).toEqual([])
  }

  #expectAllSeen(name: string): void {
    const { owed, seen } = this.#reader(name)
    for (const topicName of TOPICS) {
      for (const qos of [1, 2] as const) {
        for (const via of ['', ...FILTERS.map((_filter, index) => `${index + 1}`)]) {
          const isOne = (one: { topicName: string; qos: Qos; via: string }) =>
            one.topicName === topicName && one.qos === qos && one.via === via
          const here = seen.filter(isOne)
          const expected = owed.filter(isOne).map(({ text }) => text)
          // what comes again is no news
          const firsts = [...new Set(here.map(({ text }) => text))]
          expect(firsts, `${name}, ${topicName}, QoS ${qos}, ${via}`).toEqual(expected)
          for (const [index, { text, dup }] of here.entries()) {
            const isAgain = here.findIndex((one) => one.text === text) < index
            if (isAgain) expect(dup, `${text} came again as a new message`).toBe(true)
          }
        }
      }
    }
  }

  async #expectRetained(): Promise<void> {
    const client = await this.scene.client({ autoAcknowledge: true })
    await client.subscribe({ topicFilter: '#', qos: 1 })
    const found = (await client.rest()).flatMap((packet) => {
      return packet.kind === 'publish' ? [[packet.topicName, packet.text] as const] : []
    })
    expect(new Map(found)).toEqual(this.#retained)
    await client.disconnect(0)
  }

  #saw(name: string, packet: Awaited<ReturnType<WireClient['publishes']>>[number]): void {
    const { topicName, qos, text, dup, properties } = packet
    const via = (properties.subscriptionIdentifiers ?? []).join()
    this.#reader(name).seen.push({ topicName, qos: qos as Qos, text, dup, via })
  }

  #reader(name: string): Reader {
    const reader = this.#readers.get(name)
    if (reader === undefined) throw new Error(`there is no reader ${name}`)
    return reader
  }

  async #connected(name: string): Promise<WireClient> {
    const reader = this.#reader(name)
    if (reader.client === undefined || reader.client.isClosed) reader.client = await this.scene.durable(name)
    return reader.client
  }

  async #publishing(): Promise<WireClient> {
    if (this.#publisher === undefined || this.#publisher.isClosed) {
      this.#publisher = await this.scene.durable('publisher')
    }
    return this.#publisher
  }
}

/** One message for each session, at the best QoS that any of its filters grants; or one for each of these filters. */
function owe(reader: Reader, topicName: string, published: Qos, text: string, ways: Ways): void {
  const { upgradeOutgoingQos, overlappingSubscriptions } = ways
  const granted = [...reader.subscriptions].filter(([filter]) => matches(filter, topicName))
  const isEach = overlappingSubscriptions === 'each'
  const copies = isEach
    ? granted.map(([filter, most]) => [most, `${1 + FILTERS.findIndex((one) => one === filter)}`] as const)
    : [[Math.max(0, ...granted.map(([, most]) => most)), ''] as const]
  for (const [most, via] of copies) {
    const qos = upgradeOutgoingQos ? most : Math.min(published, most)
    if (qos > 0) reader.owed.push({ topicName, qos: qos as QosKept, text, via })
  }
}

function matches(filter: string, topicName: string): boolean {
  if (filter === '#' || filter === topicName) return true
  return filter.endsWith('/#') || filter.endsWith('/+') ? topicName.startsWith(filter.slice(0, -1)) : false
}
