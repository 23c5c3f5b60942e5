import { afterEach } from 'vitest'
import type { DropReason } from '../../src/contracts/statistics.ts'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { HeldStore } from '../support/delayed-store.ts'
import { startTestBroker, type TestBroker, type TestBrokerParts } from '../support/test-broker.ts'
import { releaseClients, WireClient, type WireClientOptions } from '../support/wire-client.ts'
import type { ConnectFields } from '../support/wire-packets.ts'
import { unique } from '../support/wire-steps.ts'

/** A broker that one test has to itself, with its counters in reach. It is stopped after the test. */
export interface StartedBroker extends TestBroker {
  /** A connection on which nothing was sent yet. */
  open(options?: Partial<WireClientOptions>): Promise<WireClient>
  /** An accepted client, MQTT 5.0 and with a new client identifier unless told otherwise. */
  client(options?: Partial<WireClientOptions> & ConnectFields): Promise<WireClient>
  drops(reason: DropReason): number
  /** Lets the broker see everything clients did before, closed sockets included. */
  settle(): Promise<void>
}

const started: { readonly broker: TestBroker; readonly store: HeldStore | undefined }[] = []

afterEach(async () => {
  try {
    await releaseClients()
  } finally {
    for (const { broker, store } of started.splice(0)) {
      await (store === undefined ? broker.close() : answering(store, broker.close()))
    }
  }
})

export async function startBroker(settings: PartialSettings = {}, parts: TestBrokerParts = {}): Promise<StartedBroker> {
  const broker = await startTestBroker(settings, parts)
  started.push({ broker, store: parts.store instanceof HeldStore ? parts.store : undefined })
  const target = (options: Partial<WireClientOptions>) => ({
    port: options.transport === 'websocket' ? broker.webSocketPort : broker.port,
  })
  const self: StartedBroker = {
    ...broker,
    open: (options = {}) => WireClient.open({ ...target(options), ...options }),
    client: (options = {}) => WireClient.connected({ clientId: unique('c'), ...target(options), ...options }),
    drops: (reason) => broker.broker.statistics.counters.drops[reason],
    async settle() {
      // The event loop serves sockets in the order in which they became ready, so this one comes last.
      const probe = await self.client()
      await probe.disconnect(0)
    },
  }
  return self
}

/** Answers every batch until `step` is done. */
export async function answering<Result>(store: HeldStore, step: Promise<Result>): Promise<Result> {
  const waiting = Symbol('waiting')
  const turn = () => new Promise<typeof waiting>((resolve) => setImmediate(resolve, waiting))
  for (;;) {
    while (store.heldBatches > 0) store.answer()
    const outcome = await Promise.race([step, turn()])
    if (outcome !== waiting) return outcome as Result
  }
}

/** Waits, turn by turn, until `check` holds; the test's own time limit ends a wait in vain. */
export async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setImmediate(resolve))
}
