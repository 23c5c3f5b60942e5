import { describe, expect, it } from 'vitest'
import type { Authenticator } from '../../src/contracts/authenticator.ts'
import type { Access, AuthorizedClient, Authorizer } from '../../src/contracts/authorizer.ts'
import { RestartScene } from './restart-scene.ts'
import { startBroker, type StartedBroker } from './started-broker.ts'

/** Denies publishing to whoever is in `denied`, by client identifier or user. */
class Rights implements Authorizer {
  epoch = 0
  denied: readonly string[] = []
  readonly asked: AuthorizedClient[] = []
  isLate = false

  authorize(client: AuthorizedClient, access: Access): boolean | undefined {
    if (access.action !== 'publish') return true
    this.asked.push(client)
    if (this.isLate) return undefined
    return !this.denied.some((one) => one === client.clientId || one === client.user)
  }

  deny(...denied: string[]): void {
    this.denied = denied
    this.epoch++
  }
}

const features = { checkRetainedPublisher: true }
const settings = { features, sysIntervalSeconds: 0 }

/** The name that is given is the user. */
const authenticator: Authenticator = {
  authenticate({ userName }, respond) {
    respond({ result: 'accepted', user: userName })
  },
}

async function started(given: object = settings) {
  const rights = new Rights()
  return { rights, broker: await startBroker(given, { authorizer: rights, authenticator }) }
}

async function found(broker: StartedBroker): Promise<string[]> {
  const client = await broker.client()
  await client.subscribe('#')
  return (await client.restOfPayloads()).toSorted()
}

describe('checkRetainedPublisher', () => {
  it('a retained message is sent while its publisher may publish there', async () => {
    const { broker, rights } = await started()
    const [one, other] = [await broker.client({ clientId: 'one' }), await broker.client({ clientId: 'other' })]
    await one.publish('a', 'of one', { qos: 1, retain: true })
    await other.publish('b', 'of other', { qos: 1, retain: true })
    rights.deny('one')
    expect(await found(broker)).toEqual(['of other'])
    await one.disconnect(0)
    expect(await found(broker)).toEqual(['of other'])
    rights.deny()
    expect(await found(broker)).toEqual(['of one', 'of other'])
  })

  it('it is asked for with client identifier and user, topic, QoS and retain', async () => {
    const { broker, rights } = await started()
    const publisher = await broker.client({ clientId: 'p', userName: 'ada' })
    await publisher.publish('a', 'x', { qos: 2, retain: true })
    rights.asked.length = 0
    expect(await found(broker)).toEqual(['x'])
    expect(rights.asked).toMatchObject([{ clientId: 'p', user: 'ada' }])
    rights.deny('ada')
    expect(await found(broker)).toEqual([])
  })

  it('a will is held to it as well', async () => {
    const { broker, rights } = await started()
    const watcher = await broker.client()
    await watcher.subscribe('w')
    const mortal = await broker.client({
      clientId: 'm',
      userName: 'ada',
      will: { topicName: 'w', payload: 'x', retain: true },
    })
    await mortal.abort()
    await watcher.next('publish')
    expect(await found(broker)).toEqual(['x'])
    rights.deny('ada')
    expect(await found(broker)).toEqual([])
  })

  it('an answer that comes later, or an authorizer that throws, is a no', async () => {
    const { broker, rights } = await started()
    const publisher = await broker.client({ clientId: 'p' })
    await publisher.publish('a', 'x', { qos: 1, retain: true })
    rights.isLate = true
    expect(await found(broker)).toEqual([])
    rights.authorize = (_client, access) => {
      if (access.action === 'publish') throw new Error('a fault of the program')
      return true
    }
    expect(await found(broker)).toEqual([])
    expect(broker.broker.statistics.counters.assertions).toBe(1)
  })

  it('what the program publishes is sent, and live messages are', async () => {
    const { broker, rights } = await started()
    const [publisher, reader] = [await broker.client({ clientId: 'p' }), await broker.client()]
    await reader.subscribe('#')
    await broker.broker.publish({ topic: 'a', payload: 'of the program', retain: true })
    await publisher.publish('b', 'x', { qos: 1, retain: true })
    expect(await reader.restOfPayloads()).toEqual(['of the program', 'x'])
    rights.deny('p', '')
    expect(await found(broker)).toEqual(['of the program'])
  })

  it('switched off nobody is asked, and what was retained then is sent when it is on', async () => {
    const { broker, rights } = await started({ sysIntervalSeconds: 0 })
    const publisher = await broker.client({ clientId: 'p' })
    await publisher.publish('a', 'old', { qos: 1, retain: true })
    rights.deny('p')
    expect(await found(broker)).toEqual(['old'])
    rights.deny()
    await broker.broker.reload({ listeners: [{ kind: 'tcp', port: 0 }], ...settings })
    await publisher.publish('b', 'new', { qos: 1, retain: true })
    rights.deny('p')
    expect(await found(broker)).toEqual(['old'])
  })

  it.each([
    ['from the log', false],
    ['from what it was cut short to', true],
  ])('a restart knows who published, with and without a user, %s', async (_title, isTiny) => {
    const rights = new Rights()
    const scene = new RestartScene({ features }, isTiny, { authorizer: rights, authenticator })
    await scene.start()
    try {
      await (await scene.client({ clientId: 'one', userName: 'ada' })).publish('a', '1', { qos: 1, retain: true })
      await (await scene.client({ clientId: 'two' })).publish('b', '2', { qos: 1, retain: true })
      for (let time = 0; time < 20; time++) await scene.publish('other', ['x'], 1, { retain: true })
      for (const [denied, expected] of [
        [[], ['1', '2']],
        [['ada'], ['2']],
        [['two'], ['1']],
      ] as const) {
        await scene.crash()
        rights.deny(...denied)
        const reader = await scene.client()
        await reader.subscribe([{ topicFilter: 'a' }, { topicFilter: 'b' }])
        expect((await reader.restOfPayloads()).toSorted()).toEqual(expected)
      }
    } finally {
      await scene.stop()
    }
  })
})
