import { OutboxPool } from '../../../src/broker/outbox.ts'
import { TimingWheel } from '../../../src/structures/timing-wheel.ts'
import type { ClientEvents, Engine, EngineOptions, SimulatedClient } from '../engine.ts'
import { streamOpener, type StreamOpener } from './client-stream.ts'
import { InboundMessage } from './inbound-message.ts'
import { LightClient } from './light-client.ts'

const TICK_MS = 100

/** What the light clients of one process share. */
export interface LightShared {
  readonly open: StreamOpener
  readonly outboxes: OutboxPool
  readonly inbound: InboundMessage
  /** Keep alive, and brokers that do not answer CONNECT. */
  readonly deadlines: TimingWheel
}

/** Clients on our own codec: small, so that one process holds a fleet, and without work per message that can be shared. */
export function lightEngine(options: EngineOptions): Engine {
  const shared: LightShared = {
    open: streamOpener(options),
    outboxes: new OutboxPool({ bytesSent: 0 }),
    inbound: new InboundMessage(),
    deadlines: new TimingWheel(performance.now(), TICK_MS),
  }
  const clients = new Set<LightClient>()
  const clock = setInterval(() => shared.deadlines.advance(performance.now()), TICK_MS)
  clock.unref()
  return {
    createClient(events: ClientEvents, predecessor?: SimulatedClient): SimulatedClient {
      const client = new LightClient(shared, events, predecessor as LightClient | undefined)
      clients.add(client)
      return client
    },
    close() {
      clearInterval(clock)
      for (const client of clients) client.drop()
      return Promise.resolve()
    },
  }
}
