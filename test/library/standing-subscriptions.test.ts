import { describe, expect, it } from 'vitest'
import { gate, listening, scene, settled } from './scene.ts'

const denied = { rules: [{ deny: 'all', topics: ['#'] }] } as const

describe('what an authorizeSubscribe hook says', () => {
  it.each([[false], [true]])(
    'takes hold of standing subscriptions when rights have changed (later: %s)',
    async (isLater) => {
      const { broker } = await scene()
      let isAllowed = true
      broker.use({ authorizeSubscribe: () => (isLater ? Promise.resolve(isAllowed) : isAllowed) })
      const client = await broker.connect()
      const got = await listening(client, 't')
      const publish = async (payload: string) => {
        await settled()
        await broker.publish({ topic: 't', payload })
        await settled()
      }
      await publish('one')
      isAllowed = false
      broker.rightsChanged()
      await publish('two')
      isAllowed = true
      broker.rightsChanged()
      await publish('three')
      expect(got.texts()).toEqual(['one', 'three'])
    },
  )

  it('takes hold of members of a shared subscription', async () => {
    const { broker } = await scene()
    let barred = ''
    broker.use({ authorizeSubscribe: ({ client }) => client.clientId !== barred })
    const [one, two] = [await broker.connect({ clientId: 'one' }), await broker.connect({ clientId: 'two' })]
    const [ones, twos] = [await listening(one, '$share/g/t'), await listening(two, '$share/g/t')]
    barred = 'one'
    broker.rightsChanged()
    for (const payload of ['a', 'b', 'c']) await broker.publish({ topic: 't', payload })
    await settled()
    expect([ones.texts(), twos.texts()]).toEqual([[], ['a', 'b', 'c']])
  })

  it('goes before the rights in the settings, for deliveries too, retained and queued ones included', async () => {
    const { broker } = await scene({ rights: denied })
    broker.use({ authorizeSubscribe: () => true })
    await broker.publish({ topic: 't', payload: 'retained', retain: true })
    const options = { clientId: 'c', cleanStart: false, sessionExpiryInterval: 60 }
    const client = await broker.connect(options)
    const got = await listening(client, 't', 1)
    await broker.publish({ topic: 't', payload: 'live', qos: 1 })
    await settled()
    expect(got.texts()).toEqual(['retained', 'live'])
    await client.close()
    await broker.publish({ topic: 't', payload: 'queued', qos: 1 })
    await broker.reload({ listeners: [], rights: { rules: [{ deny: 'all', topics: ['t'] }] } })
    const texts: string[] = []
    await broker.connect({ ...options, onMessage: ({ payload }) => texts.push(Buffer.from(payload).toString()) })
    await settled()
    expect(texts).toEqual(['queued'])
  })

  it('is forgotten when the hook is taken away', async () => {
    const { broker } = await scene({ rights: denied })
    const remove = broker.use({ authorizeSubscribe: () => true })
    const got = await listening(await broker.connect(), 't')
    remove()
    await broker.publish({ topic: 't', payload: 'x' })
    await settled()
    expect(got.texts()).toEqual([])
  })

  it('is asked again when rights change while it thinks', async () => {
    const { broker } = await scene()
    const questions: ((answer: boolean) => void)[] = []
    broker.use({ authorizeSubscribe: () => new Promise<boolean>((resolve) => questions.push(resolve)) })
    const client = await broker.connect()
    const subscribing = client.subscribe('t', () => {})
    await settled()
    broker.rightsChanged()
    questions[0]?.(true)
    await settled()
    expect(questions).toHaveLength(2)
    questions[1]?.(false)
    await expect(subscribing).rejects.toMatchObject({ reasonCode: 0x87 })
  })
})

describe('a publish whose hook still thinks', () => {
  it('is refused when its right is taken away meanwhile', async () => {
    const { broker } = await scene()
    const released = gate()
    broker.use({ onPublish: () => released.promise })
    const got = await listening(broker, 't')
    const client = await broker.connect()
    const publishing = client.publish({ topic: 't', payload: 'x', qos: 1 })
    await settled()
    await broker.reload({ listeners: [], rights: { rules: [{ deny: 'write', topics: ['#'] }] } })
    released.open()
    await expect(publishing).rejects.toMatchObject({ reasonCode: 0x87 })
    expect(got.texts()).toEqual([])
  })
})
