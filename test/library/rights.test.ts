import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { RightsRule } from '../../src/auth/rights.ts'
import { inbox, listening, scene, settled } from './scene.ts'

const folder = mkdtempSync(join(tmpdir(), 'topiary-rights-'))
afterAll(() => rmSync(folder, { recursive: true }))

const listeners = [{ kind: 'tcp', port: 0 }] as const

function settings(...rules: readonly RightsRule[]) {
  return { listeners, sysIntervalSeconds: 0, rights: { default: 'allow', rules } } as const
}

const everything = settings()
const noReading = settings({ deny: 'read', topics: ['secret/#'] })
const noSubscribing = settings({ deny: 'subscribe', topics: ['secret/#'] })

describe.each([
  ['read', noReading],
  ['subscribe', noSubscribing],
])('taking away the right to %s', (_right, taken) => {
  it.each(['secret/#', 'secret/a', '$share/g/secret/#'])(
    'silences %s at once; giving it back ends that',
    async (filter) => {
      const { broker } = await scene(everything)
      const got = await listening(await broker.connect(), filter)
      for (const [payload, next] of [
        ['1', taken],
        ['2', everything],
        ['3', taken],
      ] as const) {
        await broker.publish({ topic: 'secret/a', payload, qos: 1 })
        await settled()
        await broker.reload(next)
      }
      expect(got.texts()).toEqual(['1', '3'])
    },
  )

  it.each([0, 1, 2] as const)('drops what waits for a session that is away, QoS %d', async (qos) => {
    const { broker } = await scene({ ...everything, limits: { queueQos0: true } })
    const options = { clientId: 'a', cleanStart: false, sessionExpiryInterval: 60 }
    const first = await broker.connect(options)
    for (const topic of ['secret/a', 'open']) await first.subscribe(topic, () => {}, { qos: 2 })
    await first.close()
    for (const topic of ['secret/a', 'open', 'secret/a']) await broker.publish({ topic, payload: topic, qos })
    await broker.reload(taken)
    const got = inbox()
    await broker.connect({ ...options, onMessage: got.take })
    await settled()
    expect(got.texts()).toEqual(['open'])
    expect(broker.statistics.counters.drops['not-authorized']).toBe(2)
    expect(broker.statistics.gauges().storedMessages).toBe(0)
  })

  it('stops a replay of retained messages under way', async () => {
    const { broker } = await scene(everything)
    const count = 3000 // more than one slice of a replay
    for (let index = 0; index < count; index++) {
      await broker.publish({ topic: `secret/${index}`, payload: 'x', retain: true })
    }
    const client = await broker.connect()
    const got = inbox()
    let reloading: Promise<unknown> | undefined
    await client.subscribe('secret/#', (message) => {
      got.take(message)
      reloading ??= broker.reload(taken)
    })
    await settled(20)
    await reloading
    expect(got.messages.length).toBeGreaterThan(0)
    expect(got.messages.length).toBeLessThan(count)
    await broker.reload(everything)
    await settled(20)
    expect(got.messages.length).toBeLessThan(count)
  })
})

describe('rights', () => {
  it('that are taken away and given back before a session returns leave its queue whole', async () => {
    const { broker } = await scene(everything)
    const options = { clientId: 'a', cleanStart: false, sessionExpiryInterval: 60 }
    const first = await broker.connect(options)
    await first.subscribe('secret/a', () => {}, { qos: 1 })
    await first.close()
    await broker.publish({ topic: 'secret/a', payload: 'x', qos: 1 })
    for (const next of [noReading, everything]) await broker.reload(next)
    const got = inbox()
    await broker.connect({ ...options, onMessage: got.take })
    await settled()
    expect(got.texts()).toEqual(['x'])
  })

  it('to publish hold for clients that are connected, at once', async () => {
    const { broker } = await scene(everything)
    const client = await broker.connect()
    const publish = () =>
      client.publish({ topic: 'secret/a', qos: 1 }).then(
        () => 0,
        (error: { reasonCode: number }) => error.reasonCode,
      )
    const codes: number[] = [await publish()]
    for (const next of [settings({ deny: 'write', topics: ['secret/#'] }), everything]) {
      await broker.reload(next)
      codes.push(await publish())
    }
    expect(codes).toEqual([0, 0x87, 0])
  })

  it('a group passes over members without them', async () => {
    const { broker } = await scene(settings({ deny: 'read', topics: ['secret/#'], users: ['eve'] }))
    broker.use({ authenticate: ({ userName }) => ({ result: 'accepted', user: userName }) })
    const [ada, eve] = [await broker.connect({ userName: 'ada' }), await broker.connect({ userName: 'eve' })]
    const got = [await listening(ada, '$share/g/#'), await listening(eve, '$share/g/#')]
    for (let count = 0; count < 4; count++) await broker.publish({ topic: 'secret/a', qos: 1 })
    await settled()
    expect(got.map((one) => one.messages.length)).toEqual([4, 0])
  })

  it.each([0, 1, 2] as const)('maximumQos %d of a rule lowers what is granted', async (maximumQos) => {
    const { broker } = await scene(settings({ allow: 'all', topics: ['#'], maximumQos }))
    const client = await broker.connect()
    expect((await client.subscribe('t', () => {}, { qos: 2 })).qos).toBe(maximumQos)
  })
})

describe('what is denied', () => {
  const nothing = settings({ deny: ['write', 'subscribe'], topics: ['no/#'] })

  it('is counted, told as an event, and logged once per client, action and ten seconds', async () => {
    const { broker, clock, lines } = await scene(nothing)
    const told: unknown[] = []
    broker.on('denied', (denial) => told.push(denial))
    const [a, b] = [await broker.connect({ clientId: 'a' }), await broker.connect({ clientId: 'b' })]
    const round = async () => {
      for (let count = 0; count < 3; count++) await a.publish({ topic: `no/${count}`, qos: 1 }).catch(() => {})
      await a.subscribe('no/#', () => {}).catch(() => {})
      await b.publish({ topic: 'no/b', qos: 1 }).catch(() => {})
    }
    await round()
    clock.advance(9_000)
    await round()
    clock.advance(2_000)
    await round()
    const { publishesDenied, subscriptionsDenied, drops } = broker.statistics.counters
    expect([publishesDenied, subscriptionsDenied, drops['not-authorized']]).toEqual([12, 3, 12])
    expect(told).toHaveLength(15)
    expect(told[3]).toEqual({ clientId: 'a', user: undefined, action: 'subscribe', topic: 'no/#' })
    const said = lines.filter(({ message }) => message === 'not authorized')
    const firstThree = [
      { clientId: 'a', action: 'publish', topic: 'no/0' },
      { clientId: 'a', action: 'subscribe', topic: 'no/#' },
      { clientId: 'b', action: 'publish', topic: 'no/b' },
    ]
    expect(said.map(({ level, fields }) => ({ level, ...fields }))).toEqual([
      ...firstThree.map((fields) => ({ level: 'info', user: undefined, address: '', ...fields })),
      ...firstThree.map((fields, index) => ({
        level: 'info',
        user: undefined,
        address: '',
        ...fields,
        unsaid: [5, 1, 1][index],
      })),
    ])
  })

  it.each([
    [5, 'disconnect', 'puback'],
    [4, 'acknowledge', 'puback'],
    [4, 'disconnect', 'closed'],
    [3, 'disconnect', 'closed'],
  ] as const)(
    'a publish of version %d with mqtt3RefusedPublish %s: %s',
    async (version, mqtt3RefusedPublish, answer) => {
      const { wire, broker } = await scene({ ...nothing, features: { mqtt3RefusedPublish } })
      const client = await wire({ version })
      const publish = client.publish('no/a', 'x', { qos: 1 })
      if (answer === 'puback')
        expect(await publish).toMatchObject({ kind: answer, reasonCode: version === 5 ? 0x87 : 0 })
      else {
        await expect(publish).rejects.toThrow('connection closed')
        await client.closed()
      }
      expect(broker.statistics.counters.publishesDenied).toBe(1)
    },
  )
})

function scrypt(letter: string): string {
  return `$scrypt$ln=14,r=8,p=1$c2FsdHNhbHRzYWx0$${Buffer.alloc(32, letter).toString('base64').replace('=', '')}`
}

describe('a user who is removed from the password file, or has another password', () => {
  it('is disconnected on reload; others are not', async () => {
    const passwordFile = join(folder, 'passwords')
    const write = (users: Readonly<Record<string, string>>) => {
      const lines = Object.entries(users).map(([user, letter]) => `${user}:${scrypt(letter)}\n`)
      writeFileSync(passwordFile, lines.join(''), { mode: 0o600 })
    }
    const given = { ...everything, authentication: { passwordFile } }
    write({ ada: 'a', bob: 'b', carl: 'c' })
    const { broker } = await scene(given)
    // which password fits is not what is tested here
    broker.use({ authenticate: ({ userName }) => ({ result: 'accepted', user: userName }) })
    const [ada, bob, carl, anonymous] = await Promise.all(
      ['ada', 'bob', 'carl', undefined].map((userName) => broker.connect(userName === undefined ? {} : { userName })),
    )
    write({ ada: 'a', bob: 'other', dora: 'd' })
    expect(await broker.reload(given)).toEqual([
      'authentication.passwordFile: 1 users added, 1 removed, 1 with another password',
    ])
    for (const client of [bob, carl]) {
      expect(await client?.ended).toMatchObject({
        reasonCode: 0x98,
        reason: expect.stringContaining('no longer let in'),
      })
    }
    for (const client of [ada, anonymous]) await client?.publish({ topic: 't', qos: 1 })
  })

  it('stays when the reload fails, as does everything else', async () => {
    const passwordFile = join(folder, 'broken')
    writeFileSync(passwordFile, 'ada:hunter2\n', { mode: 0o600 })
    const { broker } = await scene(everything)
    const got = await listening(await broker.connect(), 'secret/a')
    const bad = { ...noReading, authentication: { passwordFile } }
    await expect(broker.reload(bad)).rejects.toThrow('topiary passwd -U')
    await broker.publish({ topic: 'secret/a', payload: 'x', qos: 1 })
    await settled()
    expect(got.texts()).toEqual(['x'])
  })
})
