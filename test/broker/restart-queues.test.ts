import { afterEach, describe, expect, it } from 'vitest'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { RestartScene } from './restart-scene.ts'

let scene: RestartScene
afterEach(() => scene.stop())

async function started(settings: PartialSettings = {}, isTiny = true): Promise<void> {
  scene = new RestartScene(settings, isTiny)
  await scene.start()
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `${from + index}`)

/** Writes enough of something else for every entity to be written, and the log before it to be cut. */
async function longLog(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await scene.publish(`other/${turn}`, ['x'.repeat(60)], 1, { retain: true })
}

describe('a session that was over at the start', () => {
  it('takes nothing with it that another session is owed as well', async () => {
    await started()
    const leaving = await scene.durable('leaving', { properties: { sessionExpiryInterval: 10 } })
    await leaving.subscribe({ topicFilter: 't', qos: 1 })
    const staying = await scene.durable('staying')
    await staying.subscribe({ topicFilter: 't', qos: 1 })
    await staying.disconnect(0)
    await scene.publish('t', numbers(0, 5))
    await leaving.publishes(5)
    await leaving.disconnect(0)
    await longLog()
    await scene.crash(60_000)
    await scene.publish('t', ['5'])
    await scene.kept()
    await scene.crash()
    const again = await scene.durable('staying', { autoAcknowledge: true })
    expect((await again.publishes(6)).map(({ text }) => text)).toEqual(numbers(0, 6))
    await again.barrier()
    await scene.advance(200)
    await scene.kept()
    expect(scene.disk.keys('m|')).toEqual([])
  })

  it('leaves no message on disk, in its window or in its backlog', async () => {
    await started({}, false)
    const leaving = await scene.durable('leaving', { properties: { sessionExpiryInterval: 10, receiveMaximum: 3 } })
    await leaving.subscribe({ topicFilter: 't', qos: 1 })
    await scene.publish('t', numbers(0, 400))
    await leaving.disconnect(0)
    await scene.crash(60_000)
    await scene.publish('u', ['x'])
    await scene.kept()
    expect(scene.broker.statistics.gauges().sessions).toBe(0)
    expect(scene.disk.keys('m|')).toEqual([])
  })
})

describe('a long queue of which some is in flight', () => {
  it.each([0, 1, 2])('comes back once, in order, after entities were written (%d crashes more)', async (more) => {
    await started()
    const reader = await scene.durable('s')
    await reader.subscribe({ topicFilter: 't', qos: 1 })
    await reader.disconnect(0)
    await scene.publish('t', numbers(0, 300))
    const first = await scene.durable('s', { properties: { receiveMaximum: 3 } })
    expect((await first.publishes(3)).map(({ text }) => text)).toEqual(numbers(0, 3))
    await longLog()
    await scene.crash()
    for (let turn = 0; turn < more; turn++) {
      await longLog()
      await scene.crash()
    }
    const again = await scene.durable('s', { autoAcknowledge: true })
    expect((await again.publishes(300)).map(({ text }) => text)).toEqual(numbers(0, 300))
    expect(await again.restOfPayloads()).toEqual([])
  })
})

describe('a shared subscription', () => {
  it('has an older message behind a newer one in the queue of a member after a crash', async () => {
    await started({}, false)
    const other = await scene.durable('other')
    await other.subscribe({ topicFilter: '$share/g/t', qos: 1 })
    await other.disconnect(0)
    await scene.publish('t', numbers(0, 3))
    const member = await scene.durable('member')
    await member.subscribe({ topicFilter: 'own', qos: 1 })
    await scene.publish('own', ['own'])
    await member.subscribe({ topicFilter: '$share/g/t', qos: 1 })
    expect((await member.publishes(4)).map(({ text }) => text)).toEqual(['own', ...numbers(0, 3)])
    await scene.kept()
    await scene.crash()
    const again = await scene.durable('member')
    expect((await again.publishes(4)).map(({ text }) => text)).toEqual(['own', ...numbers(0, 3)])
  })

  it('loses nothing when it was kept after a message was bound to a member, and the member before', async () => {
    await started()
    const member = await scene.durable('member', { properties: { receiveMaximum: 2 } })
    await member.subscribe({ topicFilter: '$share/g/t', qos: 1 })
    await scene.publish('t', numbers(0, 8))
    await longLog()
    const list = await member.publishes(2)
    for (const { packetId } of list) member.acknowledge('puback', packetId)
    await member.publishes(2)
    for (let turn = 0; turn < 6; turn++) {
      await scene.publish('t', [`${8 + turn}`])
      await scene.kept()
    }
    await scene.crash()
    const again = await scene.durable('member', { autoAcknowledge: true })
    expect((await again.publishes(12)).map(({ text }) => text)).toEqual(numbers(2, 14))
  })
})
