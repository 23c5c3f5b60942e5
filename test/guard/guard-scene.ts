import type { Broker } from '../../src/server/broker.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import { GuardClient, publishChunk } from './guard-client.ts'

export type Qos = 0 | 1 | 2

/** Messages that come in one chunk, unless told otherwise. */
export const MESSAGES_PER_TURN = 100

/** One publisher and its subscribers on streams without sockets, in a broker with default settings. */
export class GuardScene {
  readonly broker: Broker
  readonly publisher = new GuardClient()
  readonly subscribers: readonly GuardClient[]
  readonly #clients: readonly GuardClient[]
  readonly #chunk: Uint8Array

  private constructor(qos: Qos, subscribers: number, messagesPerTurn: number) {
    this.broker = createBroker({ listeners: [], sysIntervalSeconds: 0 })
    this.subscribers = Array.from({ length: subscribers }, () => new GuardClient())
    this.#clients = [this.publisher, ...this.subscribers]
    this.#chunk = publishChunk('guard/topic', qos, messagesPerTurn)
  }

  /** Everybody is connected, and the subscribers have subscribed at `qos`. */
  static async open(qos: Qos, subscribers = 1, messagesPerTurn = MESSAGES_PER_TURN): Promise<GuardScene> {
    const scene = new GuardScene(qos, subscribers, messagesPerTurn)
    for (const [index, client] of scene.#clients.entries()) {
      scene.broker.handle(client.stream, { allowAnonymous: true })
      client.connect(`guard-${index}`)
      await scene.turn()
      if (client === scene.publisher) continue
      client.subscribe('guard/topic', qos)
      await scene.turn()
    }
    for (const { stream } of scene.#clients) stream.writes = 0
    return scene
  }

  /** The messages of one turn, all of them in one chunk. */
  publish(): void {
    this.publisher.stream.send(this.#chunk)
  }

  /** The rest of a loop turn. The writes it ends with are taken, and asked answers are ready for `speak`. */
  async turn(): Promise<void> {
    await new Promise(setImmediate)
    for (const { stream } of this.#clients) stream.settle()
  }

  /** All clients send what they owe. False when that is nothing. */
  speak(): boolean {
    let hasSpoken = false
    for (const client of this.#clients) hasSpoken = client.speak() || hasSpoken
    return hasSpoken
  }

  /** Publishes in `turns` chunks, each with its whole flow. Returns how many turns that took. */
  async play(turns: number): Promise<number> {
    let played = 0
    for (let count = 0; count < turns; count++) {
      this.publish()
      do {
        await this.turn()
        played++
      } while (this.speak())
    }
    return played
  }

  close(): Promise<void> {
    return this.broker.close({ graceMs: 0 })
  }
}
