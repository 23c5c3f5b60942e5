import { describe, expect, it } from 'vitest'
import type { BrokerEvents } from '../../src/contracts/events.ts'
import type { Broker } from '../../src/server/broker.ts'
import { type Scene, scene } from './scene.ts'

type EventName = keyof BrokerEvents

const ada = { clientId: 'a', user: 'ada', protocolVersion: 5, peer: { transport: 'tcp', address: '127.0.0.1' } }

interface Case {
  readonly make: (of: Scene) => Promise<unknown>
  readonly expected: unknown[][]
}

async function client({ wire, broker }: Scene) {
  broker.use({ authenticate: ({ userName }) => ({ result: 'accepted', user: userName }) })
  return wire({ clientId: 'a', userName: 'ada' })
}

const cases: Readonly<Record<EventName, Case>> = {
  connected: { make: client, expected: [[ada, { sessionPresent: false }]] },
  disconnected: {
    make: async (of) => (await client(of)).disconnect(0),
    expected: [[ada, { reason: 'the client disconnected' }]],
  },
  subscribed: {
    make: async (of) =>
      (await client(of)).subscribe([
        { topicFilter: 'a/+', qos: 2 },
        { topicFilter: 'no', qos: 1 },
        { topicFilter: '$share/g/a', qos: 0 },
      ]),
    expected: [
      [ada, { topicFilter: 'a/+', qos: 2 }],
      [ada, { topicFilter: '$share/g/a', qos: 0 }],
    ],
  },
  unsubscribed: {
    async make(of) {
      const one = await client(of)
      await one.subscribe('a')
      await one.unsubscribe(['a', 'never'])
    },
    expected: [[ada, { topicFilter: 'a' }]],
  },
  denied: {
    async make(of) {
      const one = await client(of)
      await one.publish('no', 'x', { qos: 1 })
      await one.subscribe([{ topicFilter: 'a' }, { topicFilter: 'no' }])
    },
    expected: [
      [{ clientId: 'a', user: 'ada', action: 'publish', topic: 'no' }],
      [{ clientId: 'a', user: 'ada', action: 'subscribe', topic: 'no' }],
    ],
  },
  dropped: {
    make: async (of) => (await client(of)).publish('nobody', 'x', { qos: 1 }),
    expected: [[{ reason: 'no-subscribers', clientId: 'a', count: 1 }]],
  },
  reloaded: {
    make: ({ broker }) => broker.reload({ listeners: [], sysIntervalSeconds: 0, limits: { maximumSessions: 7 } }),
    expected: [[expect.arrayContaining([expect.stringMatching(/^limits\.maximumSessions: 1000000 -> 7$/)])]],
  },
}

const rights = { default: 'allow', rules: [{ deny: 'all', topics: ['no'] }] } as const

function heard(broker: Broker, name: EventName): unknown[][] {
  const values: unknown[][] = []
  broker.on(name, (...of: unknown[]) => void values.push(of))
  return values
}

describe('an event', () => {
  it.each(Object.entries(cases) as [EventName, Case][])('%s tells what has happened', async (name, of) => {
    const one = await scene({ rights })
    const values = heard(one.broker, name)
    await of.make(one)
    expect(values).toMatchObject(of.expected)
    expect(values).toHaveLength(of.expected.length)
  })

  it('a listener that throws is logged, and the next is called', async () => {
    const one = await scene({ rights })
    one.broker.on('connected', () => {
      throw new Error('no good')
    })
    const values = heard(one.broker, 'connected')
    const wire = await client(one)
    await wire.barrier()
    expect(values).toHaveLength(1)
    const errors = one.lines.filter(({ level }) => level === 'error')
    expect(errors).toMatchObject([{ message: 'a listener failed', fields: { event: 'connected' } }])
    expect(errors[0]?.fields['error']).toContain('no good')
  })

  it('once hears one, off none more, and on all', async () => {
    const { broker, wire } = await scene()
    const counts = { on: 0, once: 0, off: 0 }
    const off = () => void counts.off++
    broker
      .once('connected', () => void counts.once++)
      .on('connected', off)
      .on('connected', () => void counts.on++)
    await wire()
    broker.off('connected', off)
    await wire()
    expect(counts).toEqual({ on: 2, once: 1, off: 1 })
  })
})
