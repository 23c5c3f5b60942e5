import { afterEach, expect, it } from 'vitest'
import type { DurableState, Store, StoredSession, StoreOpening, StoreRecord } from '../../src/contracts/store.ts'
import type { ApplicationMessage } from '../../src/protocol/application-message.ts'
import { newApplicationMessage } from '../../src/protocol/new-application-message.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { releaseClients, WireClient } from '../support/wire-client.ts'
import { startTestBroker, type TestBroker } from '../support/test-broker.ts'

/** Gives back what a test says was kept; whatever its number, a message reads `message {sequence}`. */
class ScriptedStore implements Store {
  readonly keepsMessages = true
  readonly statistics = new MemoryStore().statistics
  readonly #session: StoredSession
  readonly #records: readonly StoreRecord[]
  outstanding: number[] = []

  constructor(session: StoredSession, records: readonly StoreRecord[]) {
    this.#session = session
    this.#records = records
  }

  async open(state: DurableState): Promise<StoreOpening> {
    state.restoreSession(this.#session)
    for (const record of this.#records) state.replay(record)
    state.visitOutstanding((sequence) => this.outstanding.push(sequence))
    return { nextSequence: 1000, nextSession: 1000, lastKnownMs: 0, counters: {}, damage: [] }
  }

  read(sequences: readonly number[], onRead: Parameters<Store['read']>[1]): void {
    const found = sequences.map((sequence) => ({ message: messageOf(sequence), publishedAtMs: 0 }))
    setImmediate(onRead, undefined, found)
  }

  append(_batch: readonly StoreRecord[], onDurable: () => void): void {
    setImmediate(onDurable)
  }

  keepCounters(): void {}

  async close(): Promise<void> {}
}

function messageOf(sequence: number): ApplicationMessage {
  const payload = Buffer.from(`message ${sequence}`)
  const message = newApplicationMessage({ payload, qos: 1, retain: false, properties: {} }, '', 0)
  message.topicBytes = Buffer.from('t')
  return message
}

const away: StoredSession = {
  session: 1,
  clientId: 'member',
  user: undefined,
  expirySeconds: 600,
  sendQuota: 10,
  expiresAtMs: Infinity,
  isConnected: false,
  subscriptions: [{ topicFilter: '$share/g/t', options: 1, subscriptionIdentifier: undefined }],
  inboundIds: [],
  nextPosition: 4,
  window: [],
  released: [],
  segments: [],
  backlogFrom: 0,
  withdrawn: [],
}

let broker: TestBroker
afterEach(async () => {
  await releaseClients()
  await broker.close()
})

function bound(sequence: number, position: number): StoreRecord {
  const recipient = { session: 1, position, qos: 1, retain: false, subscriptionIdentifiers: [] } as const
  return { kind: 'group-left', topicFilter: '$share/g/t', sequence, recipient }
}

it.each<[title: string, records: StoreRecord[], expected: string[]]>([
  ['bound to a member, the group being kept after it', [bound(7, 4)], ['message 7']],
  ['bound to a member that was kept after it', [bound(7, 3)], []],
  ['bound and acknowledged', [bound(7, 4), { kind: 'delivered', session: 1, position: 4, sequence: 7 }], []],
  [
    'back in the queue of the group, and bound again',
    [{ kind: 'group-returned', topicFilter: '$share/g/t', sequence: 7 }, bound(7, 4)],
    ['message 7'],
  ],
])('a message of a shared subscription: %s', async (_title, records, expected) => {
  const store = new ScriptedStore(away, records)
  broker = await startTestBroker({ limits: { maximumQueuedAgeSeconds: 3600 } }, { store })
  expect(store.outstanding).toEqual(expected.map((text) => Number(text.slice('message '.length))))
  const properties = { sessionExpiryInterval: 600 }
  const client = await WireClient.connected({ port: broker.port, clientId: 'member', cleanStart: false, properties })
  expect((await client.publishes(expected.length)).map(({ text }) => text)).toEqual(expected)
  expect(await client.rest()).toEqual([])
})

it('a part of a queue that makes no sense costs that part, and not the start', async () => {
  const entry = { position: 0, sequence: 3, qos: 1, retain: false, subscriptionIdentifiers: [], byteSize: 20 } as const
  const window = [{ ...entry, queuedAtMs: 0, expiresAtMs: Infinity }]
  const segments = [{ number: 0, bytes: Uint8Array.from([8, 0xff]) }]
  const store = new ScriptedStore({ ...away, window, segments, backlogFrom: 1 }, [])
  broker = await startTestBroker({}, { store })
  const properties = { sessionExpiryInterval: 600 }
  const client = await WireClient.connected({ port: broker.port, clientId: 'member', cleanStart: false, properties })
  expect((await client.publishes(1)).map(({ text }) => text)).toEqual(['message 3'])
})
