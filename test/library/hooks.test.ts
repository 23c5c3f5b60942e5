import { describe, expect, it } from 'vitest'
import type { Hooks } from '../../src/contracts/hooks.ts'
import type { HookKind } from '../../src/broker/hooks/hook-registry.ts'
import { until } from '../broker/started-broker.ts'
import { publishPacket, pingreqPacket, subscribePacket } from '../support/wire-packets.ts'
import type { WireClient } from '../support/wire-client.ts'
import { gate, listening, type Scene, scene, settled } from './scene.ts'

/** What makes a hook of each kind be called once, and how what it refuses is seen by the client. */
interface Kind {
  readonly trigger: (of: Scene) => Promise<unknown>
  /** A client that is refused sees this of `trigger`; undefined where there is nothing to refuse. */
  readonly refused: unknown
  /** What `trigger` gives otherwise. */
  readonly passed: unknown
}

let number = 0

async function connackCode({ broker }: Scene, userName = 'ada'): Promise<number> {
  return broker.connect({ clientId: `hooked-${++number}`, userName }).then(
    () => 0,
    (error: { reasonCode: number }) => error.reasonCode,
  )
}

async function publishCode({ broker }: Scene): Promise<number> {
  const client = await broker.connect()
  return client.publish({ topic: 't', payload: 'x', qos: 1 }).then(
    () => 0,
    (error: { reasonCode: number }) => error.reasonCode,
  )
}

async function subscribeCode({ broker }: Scene): Promise<number> {
  const client = await broker.connect()
  return client
    .subscribe('t', () => {})
    .then(
      () => 0,
      (error: { reasonCode: number }) => error.reasonCode,
    )
}

async function delivered({ broker }: Scene): Promise<string[]> {
  const got = await listening(await broker.connect(), 't')
  await broker.publish({ topic: 't', payload: 'x', qos: 1 })
  await settled()
  return got.texts()
}

const kinds: Readonly<Record<HookKind, Kind>> = {
  authenticate: { trigger: connackCode, refused: 0x87, passed: 0 },
  authorizePublish: { trigger: publishCode, refused: 0x87, passed: 0 },
  authorizeSubscribe: { trigger: subscribeCode, refused: 0x87, passed: 0 },
  onConnect: { trigger: connackCode, refused: 0x87, passed: 0 },
  onDisconnect: {
    trigger: async ({ broker }) => (await broker.connect()).close(),
    refused: undefined,
    passed: undefined,
  },
  onSubscribe: { trigger: subscribeCode, refused: 0x87, passed: 0 },
  onPublish: { trigger: publishCode, refused: 0x87, passed: 0 },
  onDeliver: { trigger: delivered, refused: [], passed: ['x'] },
  onDrop: { trigger: publishCode, refused: 0, passed: 0 },
}

const each = Object.entries(kinds) as [HookKind, Kind][]

/** Hooks of one kind that do `step` when called. */
function hooks(kind: HookKind, name: string, step: () => unknown): Hooks {
  return { name, [kind]: step }
}

describe.each(each)('%s', (kind, { trigger, refused, passed }) => {
  it.each(['at once', 'with a promise'])('runs in order, and undefined passes on: answers %s', async (how) => {
    const one = await scene()
    const called: string[] = []
    for (const name of ['first', 'second', 'third']) {
      one.broker.use(
        hooks(kind, name, () => {
          called.push(name)
          return how === 'at once' ? undefined : Promise.resolve(undefined)
        }),
      )
    }
    expect(await trigger(one)).toEqual(passed)
    await settled()
    expect(called).toEqual(['first', 'second', 'third'])
  })

  it.each([
    ['throws', () => fail()],
    ['rejects', () => Promise.resolve().then(fail)],
  ])('one that %s is logged under its name, and refuses', async (_how, step) => {
    const one = await scene()
    one.broker.use(hooks(kind, 'mine', step))
    expect(await trigger(one)).toEqual(refused)
    await settled()
    const errors = one.lines.filter(({ level }) => level === 'error')
    expect(errors).toMatchObject([{ message: 'a hook failed', fields: { hook: kind, name: 'mine' } }])
    expect(errors[0]?.fields['error']).toContain('no good')
    expect(one.broker.statistics.counters.assertions).toBe(0)
  })

  it('comes and goes while clients are connected', async () => {
    const one = await scene()
    let calls = 0
    const remove = one.broker.use(hooks(kind, 'mine', () => void calls++))
    await trigger(one)
    const before = calls
    remove()
    await trigger(one)
    await settled()
    expect([before, calls]).toEqual([1, 1])
  })
})

function fail(): never {
  throw new Error('no good')
}

/** Sends what asks a hook of this kind, then a PINGREQ behind it. */
const asking: Partial<Record<HookKind, (client: WireClient) => void>> = {
  authorizePublish: (client) => client.send(publishPacket(5, 'slow', 'x'), pingreqPacket),
  authorizeSubscribe: (client) => client.send(subscribePacket(5, 1, [{ topicFilter: 'slow' }]), pingreqPacket),
  onSubscribe: (client) => client.send(subscribePacket(5, 1, [{ topicFilter: 'slow' }]), pingreqPacket),
  onPublish: (client) => client.send(publishPacket(5, 'slow', 'x'), pingreqPacket),
}

describe('a hook that thinks', () => {
  it.each(Object.entries(asking))('%s holds up that client, keeps its order, and nobody else', async (kind, ask) => {
    const one = await scene()
    const thinking = gate()
    const isSlow = (request: { topicName?: string; topicFilter?: string }): unknown =>
      (request.topicName ?? request.topicFilter) === 'slow' ? thinking.promise : undefined
    one.broker.use({ [kind]: isSlow })
    const [slow, other] = [await one.wire(), await one.wire()]
    ask(slow)
    for (let count = 0; count < 3; count++) await other.publish('free', 'x', { qos: 1 })
    await other.subscribe('free')
    expect(slow.received).toHaveLength(1)
    thinking.open()
    await slow.next('pingresp')
    expect(slow.received.at(-1)?.kind).toBe('pingresp') // behind the answer to what was asked
    expect(slow.received.map((packet) => packet.kind).filter((name) => name === 'pingresp')).toHaveLength(1)
  })

  it.each(['authenticate', 'onConnect'] as const)('%s holds up that client alone', async (kind) => {
    const one = await scene()
    const thinking = gate<undefined>()
    one.broker.use({
      [kind]: ({ clientId }: { clientId: string }) => (clientId === 'slow' ? thinking.promise : undefined),
    })
    let isIn = false
    const slow = one.broker.connect({ clientId: 'slow' }).then((client) => {
      isIn = true
      return client
    })
    await publishCode(one)
    expect(isIn).toBe(false)
    thinking.open(undefined)
    await slow
  })

  it.each(Object.entries(asking))('%s finds its client gone: nothing happens', async (kind, ask) => {
    const one = await scene()
    const everything = await listening(one.broker, '#')
    const thinking = gate()
    let isAsked = false
    const remove = one.broker.use({
      [kind]: () => {
        isAsked = true
        return thinking.promise
      },
    })
    const slow = await one.wire()
    ask(slow)
    await until(() => isAsked)
    await slow.abort()
    await until(() => one.broker.statistics.gauges().connections === 1)
    thinking.open()
    await settled()
    remove()
    expect(everything.texts()).toEqual([])
    expect(one.broker.statistics.gauges().subscriptions).toBe(1)
    expect(one.broker.statistics.counters.assertions).toBe(0)
  })

  it.each(['authenticate', 'onConnect'] as const)('%s finds its client gone: no session is left', async (kind) => {
    const one = await scene()
    const thinking = gate<undefined>()
    one.broker.use({ [kind]: () => thinking.promise })
    const client = one.broker.connect({ clientId: 'slow' })
    await settled()
    const closing = one.broker.close({ graceMs: 0 })
    await expect(client).rejects.toThrow('the broker closed the connection')
    thinking.open(undefined)
    await closing
    await settled()
    expect(one.broker.statistics.gauges().sessions).toBe(0)
  })
})

describe('rights by hooks', () => {
  it('authorizePublish is remembered per topic, QoS and RETAIN until rightsChanged()', async () => {
    const { broker } = await scene()
    const asked: unknown[] = []
    broker.use({
      authorizePublish: ({ client, topicName, qos, retain }) => {
        asked.push([Object.keys(client), client.clientId, topicName, qos, retain])
        return true
      },
    })
    const client = await broker.connect({ clientId: 'a' })
    const round = async () => {
      for (const retain of [false, true]) await client.publish({ topic: 't', qos: 1, retain })
      await client.publish({ topic: 't', qos: 2 })
    }
    for (let count = 0; count < 3; count++) await round()
    const who = [['clientId', 'user', 'peer'], 'a', 't']
    expect(asked).toEqual([
      [...who, 1, false],
      [...who, 1, true],
      [...who, 2, false],
    ])
    broker.rightsChanged()
    await round()
    expect(asked).toHaveLength(6)
  })

  it('an answer of true passes over the rights in the settings, undefined does not', async () => {
    const { broker } = await scene({ rights: { rules: [] } })
    const client = await broker.connect()
    const remove = broker.use({ authorizePublish: () => true })
    await client.publish({ topic: 't', qos: 1 })
    remove()
    await expect(client.publish({ topic: 't', qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 })
  })

  it.each([
    [true, 2],
    [{ maximumQos: 1 as const }, 1],
    [{ maximumQos: 0 as const }, 0],
  ])('authorizeSubscribe answers %j: granted QoS %d', async (answer, qos) => {
    const { broker } = await scene()
    broker.use({ authorizeSubscribe: () => answer })
    const client = await broker.connect()
    expect(await client.subscribe('t', () => {}, { qos: 2 })).toMatchObject({ qos })
  })

  it('authenticate first, then the authenticator of the broker', async () => {
    const asked: string[] = []
    const { broker } = await scene(
      {},
      {
        authenticator: {
          authenticate({ userName = '' }, respond) {
            asked.push(`own ${userName}`)
            respond({ result: 'accepted', user: `own-${userName}` })
          },
        },
        hooks: [
          {
            authenticate({ userName = '' }) {
              asked.push(`hook ${userName}`)
              return userName === 'ada' ? { result: 'accepted', user: 'hooked' } : undefined
            },
          },
        ],
      },
    )
    const users: unknown[] = []
    broker.on('connected', ({ user }) => users.push(user))
    for (const userName of ['ada', 'bob']) await broker.connect({ userName, password: 'x' })
    expect(asked).toEqual(['hook ada', 'hook bob', 'own bob'])
    expect(users).toEqual(['hooked', 'own-bob'])
  })

  it('the same hooks twice are asked twice, and go one at a time', async () => {
    const { broker } = await scene()
    let asked = 0
    const counting = { onPublish: () => void asked++ }
    const [removeFirst, removeSecond] = [broker.use(counting), broker.use(counting)]
    const counts: number[] = []
    for (const remove of [removeFirst, removeFirst, removeSecond, () => {}]) {
      asked = 0
      await (await broker.connect()).publish({ topic: 't', qos: 1 })
      counts.push(asked)
      remove()
    }
    expect(counts).toEqual([2, 1, 1, 0])
  })
})
