import { WireClient, type WireClientOptions } from '../../support/wire-client.ts'
import type { ConnectFields, ProtocolVersion } from '../../support/wire-packets.ts'
import { admission, farewell, messagesOf, type Outcome, seen } from './outcome.ts'
import type { Side } from './pair.ts'

const versions = [3, 4, 5] as const

/** What clients of all versions can see of the options of a broker, step by step. */
export async function probe(side: Side): Promise<Outcome> {
  const outcome: Outcome = {}
  for (const step of [crowd, doors, keepAlives, wills, publishes, subscribers, offline, names]) {
    Object.assign(outcome, await step(side))
  }
  return outcome
}

interface Terms extends Partial<WireClientOptions>, ConnectFields {
  /** 2 is the plain listener. */
  readonly listener?: 1 | 2
}

/** A client for the time of `use`: when it is over, the broker has let go of it. */
async function withClient<T>(side: Side, terms: Terms, use: (client: WireClient, door: Outcome) => Promise<T>) {
  const port = side.ports[(terms.listener ?? 1) - 1] ?? 0
  const client = await WireClient.open({ autoAcknowledge: true, ...terms, port })
  try {
    // the least of the longest keep alives: its bounds are another step's
    const fields = { clientId: 'probe', userName: 'probe', keepAlive: 10, ...terms }
    return await use(client, await admission(client, fields))
  } finally {
    if (client.isClosed || client.violation !== undefined) client.transport.abort()
    else await client.disconnect()
    await side.settled()
  }
}

function letIn(door: Outcome): boolean {
  return /^0x0\b/.test(String(door['connect']))
}

/** Adds `as` before each name. */
function named(as: string, outcome: Outcome): Outcome {
  return Object.fromEntries(Object.entries(outcome).map(([name, value]) => [`${as}: ${name}`, value]))
}

async function doors(side: Side): Promise<Outcome> {
  const outcome: Outcome = {}
  const cases: [string, Terms][] = versions.flatMap((version): [string, Terms][] => [
    [`v${version}`, { version }],
    [`v${version} other id`, { version, clientId: 'other' }],
    [`v${version} no id`, { version, clientId: '', userName: 'nameless' }],
    [`v${version} no id, session`, { version, clientId: '', userName: 'nameless', cleanStart: false }],
  ])
  for (const [what, terms] of cases) {
    Object.assign(outcome, named(what, await withClient(side, terms, async (_, door) => door)))
  }
  return outcome
}

async function keepAlives(side: Side): Promise<Outcome> {
  const outcome: Outcome = {}
  for (const version of versions) {
    for (const keepAlive of [0, 100]) {
      const door = await withClient(side, { version, keepAlive }, async (_, seenAtDoor) => seenAtDoor)
      Object.assign(outcome, named(`v${version} keep alive ${keepAlive}`, door))
    }
  }
  return outcome
}

async function wills(side: Side): Promise<Outcome> {
  const outcome: Outcome = {}
  for (const version of [4, 5] as const) {
    for (const [what, will] of [
      ['QoS 1', { qos: 1 }],
      ['QoS 2', { qos: 2 }],
      ['retained', { retain: true }],
      ['long', { payload: 'w'.repeat(150) }],
    ] as const) {
      const terms = { version, will: { topicName: 'will', ...will } }
      const code = await withClient(side, terms, async (_, door) => door['connect'])
      outcome[`v${version} will ${what}`] = code
    }
  }
  return outcome
}

/** Publishes of all kinds by 3.1.1 and 5.0, each over a connection of its own, and what the plain listener sees. */
async function publishes(side: Side): Promise<Outcome> {
  const outcome: Outcome = {}
  await withClient(side, { listener: 2, clientId: 'probe-watcher' }, async (watcher, watching) => {
    if (letIn(watching)) await watcher.subscribe([{ topicFilter: '#', qos: 2 }])
    for (const version of [4, 5] as const) {
      for (const [what, fields, bytes] of publishCases(version)) {
        const name = `v${version} publish ${what}`
        await withClient(side, { version }, async (client, door) => {
          if (letIn(door)) outcome[name] = await answerTo(client, fields, bytes)
        })
        if (letIn(watching))
          outcome[`${name} arrives`] = await seen(watcher, async () => messagesOf(await watcher.rest()))
      }
    }
  })
  await withClient(side, { clientId: 'probe-late' }, async (client, door) => {
    if (!letIn(door)) return
    outcome['retained'] = await seen(client, async () => {
      await client.subscribe([{ topicFilter: 'p', qos: 2 }])
      return messagesOf(await client.rest())
    })
  })
  return outcome
}

type PublishTerms = NonNullable<Parameters<WireClient['publish']>[2]>

function publishCases(version: ProtocolVersion): [string, PublishTerms, number][] {
  const cases: [string, PublishTerms, number][] = [
    ['QoS 0', {}, 5],
    ['QoS 1', { qos: 1 }, 5],
    ['QoS 2', { qos: 2 }, 5],
    ['of 30 bytes', { qos: 1 }, 30],
    ['of 150 bytes', { qos: 1 }, 150],
    ['of 150 bytes at QoS 2', { qos: 2 }, 150],
    ['of 150 bytes at QoS 0', {}, 150],
    ['retained', { retain: true, qos: 1 }, 6],
  ]
  if (version === 5) cases.push(['with alias 6', { qos: 1, properties: { topicAlias: 6 } }, 5])
  return cases
}

async function answerTo(client: WireClient, fields: PublishTerms, bytes: number): Promise<unknown> {
  return seen(client, async () => {
    const answer = await client.publish('p', 'x'.repeat(bytes), fields)
    if (answer === undefined) await client.barrier()
    return answer === undefined ? 'taken' : `${answer.kind} 0x${answer.reasonCode.toString(16)}`
  })
}

/** SUBACK codes, and how often and at which QoS overlapping subscriptions get a message. */
async function subscribers(side: Side): Promise<Outcome> {
  const outcome: Outcome = {}
  const filters = [
    { topicFilter: 'o/#', qos: 1 },
    { topicFilter: 'o/x', qos: 1 },
    { topicFilter: 'u', qos: 2 },
    { topicFilter: '$share/g/s', qos: 0 },
  ]
  for (const version of versions) {
    await withClient(side, { version, clientId: 'probe-sub', userName: 'sub' }, async (client, door) => {
      if (!letIn(door)) return
      const name = `v${version} subscriber`
      outcome[name] = await seen(client, async () => (await client.subscribe(filters)).reasonCodes)
      await withClient(side, { clientId: 'probe-pub', userName: 'pub' }, async (publisher, publishing) => {
        if (!letIn(publishing)) return
        for (const topicName of ['o/x', 'o/y', 'u', 's']) await publisher.publish(topicName, topicName, { qos: 0 })
        await publisher.barrier()
        for (const qos of [1, 2]) await seen(publisher, () => publisher.publish('u', `at ${qos}`, { qos }))
        const got = await seen(client, async () => messagesOf(await client.rest()))
        if (typeof got === 'string') outcome[`${name} gets`] = got
        else
          for (const topic of ['o/x', 'o/y', 'u ', 's '])
            outcome[`${name} gets ${topic.trim()}`] = got.filter((line) => line.includes(topic))
      })
    })
  }
  return outcome
}

/** What waits for a client that is away, and how much of it is under way before it acknowledges. */
async function offline(side: Side): Promise<Outcome> {
  const outcome: Outcome = {}
  for (const version of [4, 5] as const) {
    const lasting = version === 5 ? { properties: { sessionExpiryInterval: 100 } } : {}
    const terms: Terms = { version, clientId: 'probe-off', userName: 'off', ...lasting }
    const isSubscribed = await withClient(side, terms, async () => true).then(() =>
      withClient(side, { ...terms, cleanStart: false }, async (client, door) => {
        const answer = letIn(door) && (await seen(client, () => client.subscribe([{ topicFilter: 'q/#', qos: 1 }])))
        return typeof answer === 'object'
      }),
    )
    if (!isSubscribed) continue
    await withClient(side, { clientId: 'probe-pub', userName: 'pub' }, async (publisher, door) => {
      if (!letIn(door)) return
      for (let index = 0; index < 6; index++) {
        await seen(publisher, () => publisher.publish('q/1', `kept ${index}`, { qos: 1 }))
        await seen(publisher, () => publisher.publish('q/0', `light ${index}`).then(() => publisher.barrier()))
      }
    })
    await withClient(side, { ...terms, cleanStart: false, autoAcknowledge: false }, async (client, door) => {
      if (!letIn(door)) return
      outcome[`v${version} offline`] = door['connect']
      Object.assign(outcome, named(`v${version} offline`, await drained(client)))
    })
    await withClient(side, terms, async () => undefined) // leaves no session behind
  }
  return outcome
}

/** Acknowledges all until nothing comes any more. */
async function drained(client: WireClient): Promise<Outcome> {
  const rounds: string[][] = []
  for (let quiet = 0; quiet < 2;) {
    const packets = await client.rest()
    const messages = packets.filter((packet) => packet.kind === 'publish')
    for (const { qos, packetId } of messages) if (qos === 1) client.acknowledge('puback', packetId)
    quiet = messages.length === 0 ? quiet + 1 : 0
    rounds.push(messages.map(({ text, qos }) => `${text} q${qos}`))
  }
  const all = rounds.flat()
  return {
    'at once': rounds[0],
    kept: all.filter((line) => line.startsWith('kept')),
    light: all.filter((line) => line.startsWith('light')),
  }
}

/** Which name a session has: the next of the same user takes it over, or not. */
async function names(side: Side): Promise<Outcome> {
  const outcome: Outcome = {}
  const { userName: _userName, ...bare } = { userName: undefined, version: 5 as const, clientId: 'probe-1' }
  const port = side.ports[0] ?? 0
  const client = await WireClient.open({ ...bare, port })
  outcome['no user name'] = (await admission(client, { clientId: 'probe-1', keepAlive: 10 }))['connect']
  if (outcome['no user name'] === '0x0') await client.disconnect()
  else await farewell(client)
  await side.settled()
  await withClient(side, { clientId: 'probe-1', userName: 'same' }, async (first, door) => {
    if (!letIn(door)) return
    await withClient(side, { clientId: 'probe-2', userName: 'same' }, async (_, second) => {
      outcome['second of the same user'] = second['connect']
      outcome['first of the same user'] = await seen(first, async () => (await first.barrier(), 'stays'))
    })
  })
  return outcome
}

/** Four at once. */
async function crowd(side: Side): Promise<Outcome> {
  const codes: unknown[] = []
  const enter = async (left: number): Promise<void> => {
    if (left === 0) return
    await withClient(side, { clientId: `probe-${left}`, userName: `user-${left}` }, async (_, door) => {
      codes.push(door['connect'])
      await enter(left - 1)
    })
  }
  await enter(4)
  return { 'four at once': codes }
}
