import type { Authenticator } from '../../src/contracts/authenticator.ts'
import type { Authorizer } from '../../src/contracts/authorizer.ts'
import type { Store } from '../../src/contracts/store.ts'
import type { Broker } from '../../src/server/broker.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { DelayedStore } from './delayed-store.ts'
import { ManualClock } from '../../src/observe/manual-clock.ts'

/** Set by the `slow-store` project: the same tests against a store that answers after random delays. */
const slowStoreSeed = process.env['TOPIARY_TEST_SLOW_STORE']

/** What a test may put in the place of the default parts. */
export interface TestBrokerParts {
  readonly store?: Store
  readonly authenticator?: Authenticator
  readonly authorizer?: Authorizer
}

/** A broker in this process on free loopback ports, with time in the test's hands. */
export interface TestBroker {
  readonly broker: Broker
  readonly port: number
  readonly webSocketPort: number
  readonly clock: ManualClock
  /** Moves the broker's time and lets pending input and output settle. */
  advance(byMs: number): Promise<void>
  close(): Promise<void>
}

/** A long time passes at once: minutes are a matter of many steps, days would be of millions. */
const leapMs = 3_600_000

export async function startTestBroker(
  settings: PartialSettings = {},
  parts: TestBrokerParts = {},
): Promise<TestBroker> {
  const clock = new ManualClock()
  const broker = createBroker(
    {
      listeners: [
        { kind: 'tcp', host: '127.0.0.1', port: 0 },
        { kind: 'websocket', host: '127.0.0.1', port: 0, allowedOrigins: [] },
      ],
      ...settings,
    },
    { clock, ...(slowStoreSeed !== undefined && { store: new DelayedStore(Number(slowStoreSeed)) }), ...parts },
  )
  const addresses = await broker.listen()
  return {
    broker,
    port: addresses.find((address) => address.kind === 'tcp')?.port ?? 0,
    webSocketPort: addresses.find((address) => address.kind === 'websocket')?.port ?? 0,
    clock,
    async advance(byMs) {
      await turns(3) // bytes on their way are stamped with the old time
      if (byMs < leapMs) clock.advance(byMs)
      else clock.leap(byMs)
      await turns(3)
    },
    close: () => broker.close({ graceMs: 0 }),
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
