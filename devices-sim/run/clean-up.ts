import type { ConnectTerms, Engine } from '../engines/engine.ts'
import { passBy } from './passing-client.ts'

const CONNECTIONS_AT_ONCE = 100
const LONGEST_MS = 10_000

export interface Session {
  readonly engine: Engine
  readonly terms: ConnectTerms
}

/** Has a broker forget sessions, as far as 10 seconds go. */
export async function discardSessions(sessions: readonly Session[]): Promise<void> {
  const endMs = performance.now() + LONGEST_MS
  for (let from = 0; from < sessions.length && performance.now() < endMs; from += CONNECTIONS_AT_ONCE) {
    await Promise.all(sessions.slice(from, from + CONNECTIONS_AT_ONCE).map(discard))
  }
}

async function discard({ engine, terms }: Session): Promise<void> {
  await passBy(engine, passing(terms), { connected: (client) => client.disconnect() })
}

/** Has a broker forget what it retains on these topics. */
export async function clearRetained(engine: Engine, terms: ConnectTerms, topics: readonly string[]): Promise<void> {
  await passBy(engine, passing(terms), {
    connected(client) {
      for (const topic of topics) {
        client.publish({
          topic,
          payload: new Uint8Array(0),
          qos: 0,
          retain: true,
          token: 0,
          expiry: undefined,
          mark: undefined,
          userProperties: undefined,
          responseTopic: undefined,
          correlationData: undefined,
        })
      }
      client.disconnect()
    },
  })
}

/** Nothing is kept of a connection like this. */
function passing(terms: ConnectTerms): ConnectTerms {
  return { ...terms, cleanStart: true, sessionExpiryInterval: 0, will: undefined }
}
