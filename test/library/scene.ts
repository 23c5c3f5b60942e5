import { afterEach } from 'vitest'
import type { ProgramClient, ReceivedMessage } from '../../src/contracts/embedding.ts'
import type { Log } from '../../src/contracts/log.ts'
import { ManualClock } from '../../src/observe/manual-clock.ts'
import type { Broker } from '../../src/server/broker.ts'
import { type BrokerParts, createBroker } from '../../src/server/create-broker.ts'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { answering } from '../broker/started-broker.ts'
import { HeldStore } from '../support/delayed-store.ts'
import { releaseClients, WireClient, type WireClientOptions } from '../support/wire-client.ts'
import type { ConnectFields } from '../support/wire-packets.ts'

export interface Line {
  readonly level: keyof Log
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A broker as a program has it, with its log and its time in the test's hands. Closed after the test. */
export interface Scene {
  readonly broker: Broker
  readonly clock: ManualClock
  readonly lines: readonly Line[]
  /** A client on a socket; MQTT 5.0 unless told otherwise. */
  wire(options?: Partial<WireClientOptions> & ConnectFields): Promise<WireClient>
}

const started: { readonly broker: Broker; readonly store: unknown }[] = []

afterEach(async () => {
  try {
    await releaseClients()
  } finally {
    for (const { broker, store } of started.splice(0)) {
      const closing = broker.close({ graceMs: 0 })
      await (store instanceof HeldStore ? answering(store, closing) : closing)
    }
  }
})

let lastClient = 0

export async function scene(settings: PartialSettings = {}, parts: BrokerParts = {}): Promise<Scene> {
  const clock = new ManualClock()
  const lines: Line[] = []
  const given = { listeners: [{ kind: 'tcp', port: 0 }], sysIntervalSeconds: 0, ...settings } as const
  const broker = createBroker(given, { clock, log: keptIn(lines), ...parts })
  started.push({ broker, store: parts.store })
  const [address] = await broker.listen()
  return {
    broker,
    clock,
    lines,
    wire: (options = {}) =>
      WireClient.connected({ port: address?.port ?? 0, clientId: `wire-${++lastClient}`, ...options }),
  }
}

function keptIn(lines: Line[]): Log {
  const keep = (level: keyof Log) => (fields: object, message: string) =>
    void lines.push({ level, message, fields: fields as Line['fields'] })
  return { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') }
}

/** A handler that keeps what it is given. */
export function inbox() {
  const messages: ReceivedMessage[] = []
  return {
    messages,
    take: (message: ReceivedMessage): void => void messages.push(message),
    texts: () => messages.map(textOf),
  }
}

export function textOf({ payload }: ReceivedMessage): string {
  return Buffer.from(payload).toString()
}

/** Lets everything under way within the process arrive. */
export async function settled(turns = 8): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A subscriber within the process, with what it got. */
export async function listening(client: Pick<ProgramClient, 'subscribe'>, topicFilter: string, qos: 0 | 1 | 2 = 2) {
  const got = inbox()
  await client.subscribe(topicFilter, got.take, { qos })
  return got
}

/** What a hook waits for: resolved by the test. */
export function gate<Value = void>() {
  let resolve: ((value: Value) => void) | undefined
  const promise = new Promise<Value>((one) => (resolve = one))
  return { promise, open: (value: Value) => resolve?.(value) }
}
