import type { ConnectTerms, Engine } from '../engines/engine.ts'
import { passBy } from './passing-client.ts'

/** Whether a broker is there. */
export interface Greeting {
  /** What `$SYS/broker/version` says; empty for a broker that says nothing or lets nobody read it. */
  readonly version: string
  /** Why nobody answers; undefined where a broker did, even if it refused this client. */
  readonly fault: string | undefined
}

/** It is retained, so it comes at once or not at all. */
const PATIENCE_MS = 300

/** Connects as a client of its own and asks for the version. */
export async function greetBroker(engine: Engine, terms: ConnectTerms): Promise<Greeting> {
  let version = ''
  let isAnswered = false
  let timer: NodeJS.Timeout | undefined
  let done: (() => void) | undefined
  const reason = await passBy(
    engine,
    { ...terms, cleanStart: true, sessionExpiryInterval: 0, will: undefined },
    {
      connected(client) {
        isAnswered = true
        done = () => client.disconnect()
        client.subscribe([{ topicFilter: '$SYS/broker/version', qos: 0 }])
      },
      subscribed() {
        timer = setTimeout(() => done?.(), PATIENCE_MS)
      },
      received({ payload }) {
        version = Buffer.from(payload).toString('utf8').slice(0, 100)
        clearTimeout(timer)
        setImmediate(() => done?.())
      },
    },
  )
  clearTimeout(timer)
  const isRefused = reason?.startsWith('refused') === true
  return { version, fault: isAnswered || isRefused ? undefined : (reason ?? 'no answer') }
}
