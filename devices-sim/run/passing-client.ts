import type { ClientEvents, ConnectTerms, Engine, InboundPublish, SimulatedClient } from '../engines/engine.ts'

/** What a client that only passes by does; all of it may be left out. */
export interface Errand {
  connected?(client: SimulatedClient): void
  subscribed?(client: SimulatedClient, reasonCodes: readonly number[]): void
  received?(message: InboundPublish): void
  acknowledged?(client: SimulatedClient): void
}

const LONGEST_MS = 10_000

/**
 * Connects, runs an errand, and resolves when the connection is over: with why, or undefined after `disconnect`. A
 * broker that lets it wait is left after `longestMs`.
 */
export function passBy(
  engine: Engine,
  terms: ConnectTerms,
  errand: Errand,
  longestMs = LONGEST_MS,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let isTooLong = false
    const timer = setTimeout(() => {
      isTooLong = true
      client.drop()
    }, longestMs)
    const events: ClientEvents = {
      connected: () => errand.connected?.(client),
      acknowledged: () => errand.acknowledged?.(client),
      subscribed: (reasonCodes) => errand.subscribed?.(client, reasonCodes),
      received: (message) => errand.received?.(message),
      writable: () => {},
      closed: (reason) => {
        clearTimeout(timer)
        if (isTooLong) resolve(`no answer in ${longestMs / 1000} seconds`)
        else resolve(reason === 'disconnected' ? undefined : reason)
      },
    }
    const client = engine.createClient(events)
    client.connect(terms)
  })
}
