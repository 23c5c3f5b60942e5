import { randomBytes } from 'node:crypto'
import { MESSAGES_PER_BLOCK, type StoreRecord } from '../../../src/contracts/store.ts'
import { newApplicationMessage } from '../../../src/protocol/new-application-message.ts'
import { openDataDirectory } from '../../../src/storage/directory/data-directory.ts'
import { FoldedState } from '../../../src/storage/tools/export-state.ts'
import { LevelStore } from '../../../src/storage/level-store.ts'
import { Random } from '../../fuzz/mutate.ts'

/** Text that compression makes little of. */
const noise = Buffer.from(randomBytes(1 << 17).toString('base64'))

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** A store on a data directory, fed as a broker would, with a fold of records in the broker's place. */
export class LiveDirectory {
  readonly state = new FoldedState()
  readonly store: LevelStore
  readonly #random: Random
  #sequence = 0
  #session = 0

  constructor(directory: string, seed = 1) {
    const found = openDataDirectory({ directory, log: silent, wallMs: Date.now, brokerVersion: '1.2.3' })
    const limits = { logBytes: 256 << 10 }
    this.store = new LevelStore({ log: silent, wallMs: Date.now, every: () => () => {}, open: found.open, limits })
    this.#random = new Random(seed)
  }

  async open(): Promise<void> {
    const { nextSequence, nextSession } = await this.store.open(this.state)
    this.#sequence = Math.ceil(nextSequence / MESSAGES_PER_BLOCK) * MESSAGES_PER_BLOCK
    this.#session = nextSession
  }

  /** Resolves once it is durable. */
  append(records: readonly StoreRecord[]): Promise<void> {
    for (const record of records) this.state.replay(record)
    return new Promise((resolve, reject) => this.store.append(records, (error) => (error ? reject(error) : resolve())))
  }

  /** Sessions `client-1` and so on, with two subscriptions each. */
  openSessions(count: number): Promise<void> {
    const records: StoreRecord[] = []
    for (let index = 1; index <= count; index++) {
      const session = this.#session++
      const clientId = `client-${index}`
      records.push({ kind: 'session-opened', session, clientId, user: 'ada', expirySeconds: 3600, sendQuota: 20 })
      for (const topicFilter of ['plant/+/valve', `own/${index}`]) {
        records.push({ kind: 'subscribed', session, topicFilter, options: 1, subscriptionIdentifier: 7 })
      }
      records.push({ kind: 'inbound-id', session, packetId: index, held: true })
      records.push({ kind: 'session-closed', session, expiresAtMs: Date.UTC(2040, 0, index) })
    }
    return this.append(records)
  }

  /** Publishes to some sessions; some of what they are owed is acknowledged. */
  async publish(batches: number, perBatch: number, payloadBytes: number): Promise<void> {
    for (let batch = 0; batch < batches; batch++) {
      const records: StoreRecord[] = []
      for (let index = 0; index < perBatch; index++) records.push(this.#message(payloadBytes))
      for (const { session, queue } of this.state.sessions.values()) {
        for (const { position, sequence } of queue.values()) {
          if (this.#random.next() < 0.3) records.push({ kind: 'delivered', session, position, sequence })
        }
      }
      const topicName = `retained/${this.#random.below(50)}`
      const publisher = { clientId: 'publisher', user: batch % 2 === 0 ? undefined : 'ada' }
      const message = this.#content(topicName, payloadBytes, true)
      records.push({ kind: 'retained', topicName, message, ...(batch % 3 > 0 && { publisher }) })
      await this.append(records)
    }
  }

  #message(payloadBytes: number): StoreRecord {
    const sessions = [...this.state.sessions.values()].filter(() => this.#random.next() < 0.5)
    return {
      kind: 'message',
      sequence: (this.#sequence += MESSAGES_PER_BLOCK),
      message: this.#content('plant/7/valve', payloadBytes, false),
      publishedAtMs: Date.UTC(2026, 0, 1),
      recipients: sessions.map(({ session, nextPosition }) => ({
        session,
        // messages of one batch are planned before the state has any of them
        position: this.#positionAfter(session, nextPosition),
        qos: 1,
        retain: false,
        subscriptionIdentifiers: [7],
      })),
      groups: [],
      isForLater: this.#random.next() < 0.5,
    }
  }

  readonly #planned = new Map<number, number>()

  #positionAfter(session: number, nextPosition: number): number {
    const position = Math.max(nextPosition, (this.#planned.get(session) ?? -1) + 1)
    this.#planned.set(session, position)
    return position
  }

  #content(topicName: string, payloadBytes: number, retain: boolean) {
    const start = this.#random.below(noise.length - payloadBytes)
    const payload = noise.subarray(start, start + payloadBytes)
    const properties = { contentType: 'text/plain', messageExpiryInterval: 100_000_000 }
    const message = newApplicationMessage({ payload, qos: 1, retain, properties }, 'publisher', Date.UTC(2026, 0, 1))
    message.topicBytes = Buffer.from(topicName)
    return message
  }
}
