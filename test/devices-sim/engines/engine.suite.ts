import { describe } from 'vitest'
import { brokerKinds } from './suite/broker-kinds.ts'
import { describeFlow } from './suite/flow.suite.ts'
import { describeKeepAlive } from './suite/keep-alive.suite.ts'
import { describeOurBroker } from './suite/our-broker.suite.ts'
import { describeRealBroker } from './suite/real-broker.suite.ts'
import { describeSessions } from './suite/session.suite.ts'
import type { EngineTraits, MakeEngine } from './suite/stage.ts'
import { describeWire } from './suite/wire.suite.ts'

/** What every engine must do, and where they may differ. */
export function describeEngine(name: string, make: MakeEngine, traits: EngineTraits): void {
  const subject = { make, traits }
  describe(name, () => {
    describe('on the wire', () => describeWire(subject))
    describe('with sessions', () => describeSessions(subject))
    describe('over time', () => describeKeepAlive(subject))
    describe('under load', () => describeFlow(subject))
    describe('in particular', () => describeOurBroker(subject))
    for (const kind of brokerKinds) describe('with', () => describeRealBroker(subject, kind))
  })
}
