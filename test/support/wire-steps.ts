import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { startTestBroker, type TestBroker, type TestBrokerParts } from './test-broker.ts'
import { releaseClients, WireClient, type Closing, type WireClientOptions } from './wire-client.ts'
import type { ConnectFields, ProtocolVersion } from './wire-packets.ts'

/** One broker for a test file, with the steps its tests share. */
export interface Steps {
  readonly port: number
  readonly webSocketPort: number
  /** A connection on which nothing was sent yet. */
  open(options?: Partial<WireClientOptions>): Promise<WireClient>
  /** An accepted client; with a new client identifier unless one is given. */
  client(options?: Partial<WireClientOptions> & ConnectFields): Promise<WireClient>
  /** Proves that the broker has seen everything clients did before, closed sockets included. */
  settle(): Promise<void>
  /** Settles, then moves the broker's time. */
  advance(byMs: number): Promise<void>
  /** Stops the broker; nothing may be asked of it afterwards. */
  stop(): Promise<void>
}

/** Set by the `websocket` project: the same tests over WebSocket. */
const usualTransport = process.env['TOPIARY_TEST_TRANSPORT'] === 'websocket' ? 'websocket' : 'tcp'

let lastNumber = 0

/** A name no other test of this file uses. */
export function unique(stem: string): string {
  lastNumber += 1
  return `${stem}-${lastNumber}`
}

/** Starts a broker before the tests of the calling file or `describe`, and checks all its clients after each. */
export function useBroker(
  version: ProtocolVersion,
  settings: PartialSettings = {},
  parts: TestBrokerParts = {},
): Steps {
  let running: TestBroker | undefined
  const broker = () => {
    if (running === undefined) throw new Error('the broker is not running')
    return running
  }
  const stop = async () => {
    const stopping = running
    running = undefined
    await stopping?.close()
  }
  beforeAll(async () => {
    running = await startTestBroker(settings, parts)
  })
  afterEach(releaseClients)
  afterAll(stop)
  const target = ({ transport = usualTransport }: Partial<WireClientOptions>) => ({
    version,
    transport,
    port: transport === 'websocket' ? broker().webSocketPort : broker().port,
  })
  const steps: Steps = {
    get port() {
      return broker().port
    },
    get webSocketPort() {
      return broker().webSocketPort
    },
    open: (options = {}) => WireClient.open({ ...target(options), ...options }),
    client: (options = {}) => WireClient.connected({ clientId: unique('c'), ...target(options), ...options }),
    async settle() {
      // The event loop serves sockets in the order in which they became ready, so this one comes last.
      const probe = await steps.client()
      await probe.disconnect(version === 5 ? 0 : undefined)
    },
    async advance(byMs) {
      await steps.settle()
      await broker().advance(byMs)
    },
    stop,
  }
  return steps
}

/** Keeps what the standard asks on an error: the broker closes. Its code is optional, but must fit when it comes. */
export async function expectClosed(client: WireClient, ...reasonCodes: readonly number[]): Promise<Closing> {
  const closing = await client.closed()
  if (closing.reasonCode === undefined) {
    if (client.version === 5) console.warn(`closed without a code: ${expect.getState().currentTestName}`)
  } else {
    expect(reasonCodes.map(hexCode)).toContain(hexCode(closing.reasonCode))
  }
  return closing
}

function hexCode(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`
}
