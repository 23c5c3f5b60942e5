import { hex } from '../../support/wire-packets.ts'
import { WireClient } from '../../support/wire-client.ts'
import { type AccessClient, observer } from './access-cases.ts'
import { admission, farewell, messagesOf, type Outcome, seen } from './outcome.ts'
import type { Side } from './pair.ts'

/** Who sees everything that a broker lets pass. */
export async function openObserver(side: Side): Promise<WireClient> {
  const client = await WireClient.connected({ port: side.ports[0] ?? 0, autoAcknowledge: true, ...observer })
  const all = ['#', '$other/#', '$SYS/mine'].map((topicFilter) => ({ topicFilter, qos: 2, noLocal: true }))
  await client.subscribe(all)
  return client
}

/** What one client meets: at the door, when it subscribes, when it publishes, and what is done with its will. */
export async function accessOutcome(side: Side, watcher: WireClient, terms: AccessClient): Promise<Outcome> {
  const { version, publishes, filters } = terms
  // where nothing is judged is a case of its own
  const below = terms.hasAcl ? '' : ' without an ACL file'
  const outcome: Outcome = {}
  const port = side.ports[terms.listener] ?? 0
  const client = await WireClient.open({ port, version, autoAcknowledge: true })
  try {
    const { clientId, userName, password, will } = terms
    const fields = { clientId, ...(!terms.isOnTwoLines && { will: { ...will, payload: 'will' } }) }
    const login = { ...(userName !== undefined && { userName }), ...(password !== undefined && { password }) }
    const door = await admission(client, { ...fields, ...login })
    // which line counts decides the rest
    if (terms.isOnTwoLines) return { 'connect of a user on two lines': door['connect'] }
    Object.assign(outcome, door)
    if (!client.received.some((packet) => packet.kind === 'connack' && packet.reasonCode === 0)) {
      outcome['refused'] = (await farewell(client)).replace(/ .*/, '')
      return outcome
    }
    for (const { topicName } of publishes) await watcher.publish(topicName, 'kept', { qos: 1, retain: true })
    outcome['subscribe'] = await seen(client, async () => (await client.subscribe(filters)).reasonCodes)
    outcome['retained'] = await seen(client, async () => messagesOf(await client.rest()))
    for (const { topicName, qos } of publishes) await watcher.publish(topicName, 'live', { qos })
    outcome['live'] = await seen(client, async () => messagesOf(await client.rest()))
    for (const { topicName, qos, retain } of publishes) {
      const ack = async () => {
        const answer = await client.publish(topicName, 'mine', { qos, retain })
        return answer === undefined ? client.barrier() : [answer.kind, answer.reasonCode]
      }
      outcome[`publish ${topicName} q${qos}${topicName.startsWith('$SYS/') ? below : ''}`] = await seen(client, ack)
    }
    const heard = messagesOf(await watcher.rest())
    outcome['heard of it'] = heard.filter((line) => !line.startsWith('$SYS/'))
    outcome[`heard of it below $SYS${below}`] = heard.filter((line) => line.startsWith('$SYS/'))
    outcome['heard of its own'] = await seen(client, async () => messagesOf(await client.rest()))
    outcome['retained after'] = await seen(client, async () => {
      await client.subscribe(filters)
      return messagesOf(await client.rest())
    })
    // neither a byte of 0 nor this DISCONNECT takes the will back
    client.send(version === 5 ? hex('e0 01 04') : hex('00 00'))
    await client.closed()
    await watcher.barrier()
    outcome[terms.will.topicName.startsWith('$SYS/') ? `will below $SYS${below}` : 'will'] = messagesOf(
      await watcher.rest(),
    )
    const topics = new Set([...publishes, terms.will].map(({ topicName }) => topicName))
    for (const topicName of topics) await watcher.publish(topicName, '', { qos: 1, retain: true })
    return outcome
  } finally {
    client.transport.abort()
  }
}
