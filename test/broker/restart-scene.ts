import type { BrokerCore } from '../../src/broker/core.ts'
import { ManualClock } from '../../src/observe/manual-clock.ts'
import type { Broker } from '../../src/server/broker.ts'
import { type BrokerParts, createBroker } from '../../src/server/create-broker.ts'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { levelStoreOn, tinyLimits } from '../support/level-store-scene.ts'
import { MemoryDisk } from '../support/memory-key-value.ts'
import { releaseClients, WireClient, type WireClientOptions } from '../support/wire-client.ts'
import type { ConnectFields } from '../support/wire-packets.ts'
import { unique } from '../support/wire-steps.ts'

export const lasting = { sessionExpiryInterval: 600 }

type ClientFields = Partial<WireClientOptions> & ConnectFields

/** A broker on a disk in memory that can lose its process. Times are milliseconds since 1970. */
export class RestartScene {
  readonly #settings: PartialSettings
  readonly #parts: Pick<BrokerParts, 'authenticator' | 'authorizer'>
  readonly #isTiny: boolean
  #disk = new MemoryDisk()
  #clock = new ManualClock(1_000_000_000)
  #broker: Broker | undefined
  #port = 0
  /** What the store said in its log since the last start. */
  logged: readonly string[] = []

  /** `isTiny`: limits under which everything the store does happens in a few records. */
  constructor(
    settings: PartialSettings,
    isTiny: boolean,
    parts: Pick<BrokerParts, 'authenticator' | 'authorizer'> = {},
  ) {
    this.#settings = settings
    this.#parts = parts
    this.#isTiny = isTiny
  }

  get broker(): Broker {
    if (this.#broker === undefined) throw new Error('the broker is not started')
    return this.#broker
  }

  get port(): number {
    return this.#port
  }

  get isDegraded(): boolean {
    return (this.broker.statistics as BrokerCore).isDegraded
  }

  get disk(): MemoryDisk {
    return this.#disk
  }

  async start(): Promise<void> {
    const clock = this.#clock
    const { store, logged } = levelStoreOn(this.#disk, {
      wallMs: () => clock.wallMs(),
      every: (intervalMs, task) => clock.every(intervalMs, task),
      ...(this.#isTiny && { limits: tinyLimits }),
    })
    this.logged = logged
    const broker = createBroker(
      { listeners: [{ kind: 'tcp', port: 0 }], sysIntervalSeconds: 0, ...this.#settings },
      { clock, store, ...this.#parts },
    )
    this.#broker = broker
    const addresses = await broker.listen()
    this.#port = addresses.find(({ kind }) => kind === 'tcp')?.port ?? 0
  }

  /** The process is gone without a word, for so long; the disk has what was synced. */
  async crash(awayMs = 0): Promise<void> {
    const left = this.#disk.afterCrash()
    const wallMs = this.#clock.wallMs()
    await this.stop()
    this.#disk = left
    this.#clock = new ManualClock(wallMs + awayMs)
    await this.start()
  }

  async stop(): Promise<void> {
    await releaseClients()
    await this.#broker?.close({ graceMs: 0 })
    this.#broker = undefined
  }

  async advance(byMs: number): Promise<void> {
    await turns(3)
    this.#clock.advance(byMs)
    await turns(3)
  }

  client(fields: ClientFields = {}): Promise<WireClient> {
    return WireClient.connected({ clientId: unique('c'), port: this.#port, ...fields })
  }

  /** Everything said so far is on disk, also what could have waited for something to ride with. */
  async kept(): Promise<void> {
    await (this.broker.statistics as BrokerCore).journal.settled()
  }

  /** A client of a session that outlives its connection. */
  durable(clientId: string, fields: ClientFields = {}): Promise<WireClient> {
    const { properties, ...others } = fields
    return this.client({ clientId, cleanStart: false, ...others, properties: { ...lasting, ...properties } })
  }

  async publish(topicName: string, texts: readonly string[], qos: 0 | 1 | 2 = 1, fields: object = {}): Promise<void> {
    const publisher = await this.client()
    for (const text of texts) await publisher.publish(topicName, text, { qos, ...fields })
    await publisher.barrier()
    await publisher.disconnect(0)
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
