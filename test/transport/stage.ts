import { afterEach } from 'vitest'
import type { Clock } from '../../src/contracts/clock.ts'
import type { ClientInfo } from '../../src/contracts/events.ts'
import type { Log } from '../../src/contracts/log.ts'
import type { Broker } from '../../src/server/broker.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { releasePipes } from './pipe-client.ts'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A broker, on real time if nothing else is said, with what it wrote and whom it let in. It is closed after the test. */
export interface Stage {
  readonly broker: Broker
  readonly lines: readonly LogLine[]
  /** Those who came in, in order. */
  readonly clients: readonly ClientInfo[]
  /** Of the listener at this place in the list. */
  port(index?: number): number
  /** What the log says of connections that were refused. */
  refusals(): LogLine['fields'][]
  refusedCount(): number
}

const opened: Broker[] = []

afterEach(async () => {
  releasePipes()
  for (const broker of opened.splice(0)) await broker.close({ graceMs: 0 })
})

export async function raise(settings: PartialSettings, parts: { readonly clock?: Clock } = {}): Promise<Stage> {
  const lines: LogLine[] = []
  const note =
    (level: LogLine['level']) =>
    (fields: object, message: string): void =>
      void lines.push({ level, fields: fields as LogLine['fields'], message })
  const log: Log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  const broker = createBroker({ sysIntervalSeconds: 0, ...settings }, { log, ...parts })
  opened.push(broker)
  const clients: ClientInfo[] = []
  broker.on('connected', (client) => clients.push(client))
  await broker.listen()
  return {
    broker,
    lines,
    clients,
    port: (index = 0) => broker.addresses[index]?.port ?? 0,
    refusals: () => lines.filter(({ message }) => message === 'connection refused').map(({ fields }) => fields),
    refusedCount: () => broker.statistics.counters.connectionsRefused,
  }
}
