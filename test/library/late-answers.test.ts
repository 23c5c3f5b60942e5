import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerCore } from '../../src/broker/core.ts'
import { askInOrder } from '../../src/broker/hooks/ask-in-order.ts'
import type { Authorizer } from '../../src/contracts/authorizer.ts'
import { gate, listening, scene, settled } from './scene.ts'

const unhandled: unknown[] = []
const keep = (error: unknown): void => void unhandled.push(error)

beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', keep)
})

afterEach(() => {
  process.off('unhandledRejection', keep)
  expect(unhandled).toEqual([])
})

describe('what throws behind a late answer', () => {
  it.each([
    ['once: the closed answer is given', 1, ['throws', 'no'], 1],
    ['always: nothing is left but to tell', 2, ['throws', 'no throws'], 2],
  ])('%s', async (_what, throwing, expected, told) => {
    const answers: string[] = []
    const faults: unknown[] = []
    askInOrder<string, string>(
      ['one', 'two'],
      () => Promise.resolve(undefined),
      (_hook, error) => {
        faults.push((error as Error).cause)
        return 'no'
      },
      (answer) => {
        const isThrowing = answers.length < throwing
        answers.push([answer, isThrowing ? 'throws' : undefined].filter((word) => word !== undefined).join(' '))
        if (isThrowing) throw new Error('not my day')
      },
    )
    await settled()
    expect(answers).toEqual(expected)
    expect(faults).toMatchObject(Array.from({ length: told }, () => ({ message: 'not my day' })))
  })

  it('an authorizer of the program: the publish is refused, told of, and the broker goes on', async () => {
    const authorizer: Authorizer = {
      epoch: 0,
      authorize(_client, { action }) {
        if (action === 'publish') throw new Error('not my day')
        return true
      },
    }
    const { broker, lines } = await scene({}, { authorizer })
    broker.use({ authorizePublish: ({ topicName }) => Promise.resolve(topicName === 'good' ? true : undefined) })
    const got = await listening(broker, '#')
    const client = await broker.connect({ will: { topic: 'bad' } })
    await expect(client.publish({ topic: 'bad', qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 })
    await client.publish({ topic: 'good', payload: 'x', qos: 1 })
    await client.drop()
    await settled()
    expect(got.messages).toMatchObject([{ topic: 'good' }])
    const errors = lines.filter(({ level }) => level === 'error')
    expect(errors.map(({ fields }) => String(fields['error']))).toEqual([
      expect.stringContaining('not my day'),
      expect.stringContaining('not my day'),
    ])
  })

  it('a thenable of a strange kind is a hook that failed', async () => {
    const { broker } = await scene()
    const strange = {
      // oxlint-disable-next-line unicorn/no-thenable
      then() {
        throw new Error('not my day')
      },
    }
    broker.use({ authorizePublish: () => strange as unknown as Promise<boolean> })
    const client = await broker.connect()
    await expect(client.publish({ topic: 't', qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 })
    expect(broker.statistics.counters.assertions).toBe(0)
  })
})

describe('wills', () => {
  it('an authorizer that throws at once refuses one, and its session is gone all the same', async () => {
    const authorizer: Authorizer = {
      epoch: 0,
      authorize() {
        throw new Error('not my day')
      },
    }
    const { broker } = await scene({}, { authorizer })
    await (await broker.connect({ will: { topic: 'will' } })).drop()
    await settled()
    expect(broker.statistics.counters.assertions).toBe(1)
    expect(broker.statistics.gauges()).toMatchObject({ sessions: 0, connections: 0 })
  })

  it.each(['authorizePublish', 'onPublish'] as const)('are settled once %s has answered', async (kind) => {
    const { broker } = await scene()
    const { wills } = broker.statistics as BrokerCore
    const thought = gate<undefined>()
    broker.use({ [kind]: () => thought.promise })
    const got = await listening(broker, 'will')
    await wills.settled()
    for (let count = 0; count < 2; count++) await (await broker.connect({ will: { topic: 'will' } })).drop()
    let isSettled = false
    const waiting = wills.settled().then(() => (isSettled = true))
    await settled()
    expect(isSettled).toBe(false)
    thought.open(undefined)
    await waiting
    await settled()
    expect(got.messages.length).toBe(2)
    await wills.settled()
  })
})

describe('a broker that stops while a hook thinks about a will', () => {
  it('lets the will reach those who are still there', async () => {
    const { broker, clock } = await scene()
    const released = gate()
    broker.use({ onPublish: () => released.promise })
    const got = await listening(broker, 'last/words')
    await broker.connect({ will: { topic: 'last/words', payload: 'bye' } })
    const closing = broker.close({ graceMs: 2000 })
    await settled()
    released.open()
    await closing
    clock.advance(0)
    expect(got.texts()).toEqual(['bye'])
  })
})
