import type { ClientEvents, ConnectTerms, Engine, InboundPublish, SimulatedClient } from '../engines/engine.ts'

/** What a client that only passes by does; all of it may be left out. */
export interface Errand {
  connected?(client: SimulatedClient): void
  subscribed?(client: SimulatedClient, reasonCodes: readonly number[]): void
  received?(message: InboundPublish): void
  acknowledged?(client: SimulatedClient): void
}

/** Connects, runs an errand, and resolves when the connection is over: with why, or undefined after `disconnect`. */
export function passBy(engine: Engine, terms: ConnectTerms, errand: Errand): Promise<string | undefined> {
  return new Promise((resolve) => {
    const events: ClientEvents = {
      connected: () => errand.connected?.(client),
      acknowledged: () => errand.acknowledged?.(client),
      subscribed: (reasonCodes) => errand.subscribed?.(client, reasonCodes),
      received: (message) => errand.received?.(message),
      writable: () => {},
      closed: (reason) => resolve(reason === 'disconnected' ? undefined : reason),
    }
    const client = engine.createClient(events)
    client.connect(terms)
  })
}
