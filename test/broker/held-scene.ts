import type { Limits } from '../../src/contracts/limits.ts'
import { HeldStore } from '../support/delayed-store.ts'
import type { WireClient } from '../support/wire-client.ts'
import { unique } from '../support/wire-steps.ts'
import { answering, startBroker, type StartedBroker } from './started-broker.ts'

export const lasting = { sessionExpiryInterval: 600 }

/** A broker whose store answers when told to. */
export interface Scene {
  readonly broker: StartedBroker
  readonly store: HeldStore
  readonly topicName: string
  /** A session that outlives its connection, subscribed to `topicName` at QoS 2. */
  readonly subscriber: WireClient
  /** Its session ends with its connection. */
  readonly publisher: WireClient
}

export async function scene(limits: Partial<Limits> = {}): Promise<Scene> {
  const store = new HeldStore()
  const broker = await startBroker({ limits }, { store })
  const topicName = unique('kept')
  const subscriber = await answering(store, broker.client({ properties: lasting }))
  await answering(store, subscriber.subscribe({ topicFilter: topicName, qos: 2 }))
  return { broker, store, topicName, subscriber, publisher: await broker.client() }
}
