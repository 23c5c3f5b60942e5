import mqtt, { type MqttClient } from 'mqtt'
import type { Ledger } from './ledger.ts'

export interface SubscriberOptions {
  readonly url: string
  readonly protocolVersion: 4 | 5
  readonly run: string
  readonly number: number
  readonly topicPrefix: string
}

interface FleetMessage {
  readonly run: string
  readonly device: string
  readonly sequence?: number
  readonly by?: 'birth' | 'will' | 'goodbye'
}

/** Hears the whole fleet at QoS 2 and tells the ledger. Messages of other runs are none of its business. */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #ledger: Ledger
  #client: MqttClient | undefined
  births = 0
  wills = 0
  /** Messages on the fleet's topics that it could make no sense of. */
  strange = 0

  constructor(options: SubscriberOptions, ledger: Ledger) {
    this.#options = options
    this.#ledger = ledger
  }

  async connect(): Promise<void> {
    const { url, protocolVersion, run, number, topicPrefix } = this.#options
    const clientId = `sim-${run}-sub-${number}`
    this.#client = await mqtt.connectAsync(url, { protocolVersion, clientId, connectTimeout: 10_000 }, false)
    this.#client.on('error', () => {})
    this.#client.on('message', (topicName, payload) => this.#receive(topicName, payload))
    await this.#client.subscribeAsync(`${topicPrefix}/+/+`, { qos: 2 })
  }

  async abandon(): Promise<void> {
    await this.#client?.endAsync(true)
  }

  #receive(topicName: string, payload: Buffer): void {
    const message = parse(payload)
    if (message === undefined) this.strange += 1
    if (message?.run !== this.#options.run) return
    if (message.by === 'birth') this.births += 1
    else if (message.by === 'will') this.wills += 1
    else if (message.sequence !== undefined) {
      const sensor = topicName.slice(topicName.lastIndexOf('/') + 1)
      const isKnown = this.#ledger.receive(this.#options.number, `${message.device}/${sensor}`, message.sequence)
      if (!isKnown) this.strange += 1
    }
  }
}

function parse(payload: Buffer): FleetMessage | undefined {
  try {
    return JSON.parse(payload.toString()) as FleetMessage
  } catch {
    return undefined
  }
}
