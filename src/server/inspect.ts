import type { BrokerCore } from '../broker/core.ts'
import { decodeText } from '../protocol/text.ts'
import type { BrokerView } from './broker.ts'

/** Filters that together match every topic. */
const everything = ['#', '$SYS/#'] as const

export function inspect(core: BrokerCore): BrokerView {
  const subscriptions = [...core.sessions.all()].flatMap(({ clientId, subscriptions: own }) =>
    [...own.values()].map(({ filter, qos }) => ({ clientId, topicFilter: filter, qos })),
  )
  return { subscriptions, retainedTopics: everything.flatMap((topicFilter) => retainedTopics(core, topicFilter)) }
}

function retainedTopics({ retained }: BrokerCore, topicFilter: string): string[] {
  const found: string[] = []
  const places = retained.walk(topicFilter)
  if (places === undefined) return found
  for (let address = places.next(); address >= 0; address = places.next()) {
    if (address === 0) continue
    const { topicBytes } = retained.view(address)
    found.push(decodeText(topicBytes, 0, topicBytes.length))
  }
  return found
}
