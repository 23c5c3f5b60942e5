import { afterEach, describe, expect, it } from 'vitest'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { RestartScene } from './restart-scene.ts'

let scene: RestartScene
afterEach(() => scene.stop())

async function started(settings: PartialSettings = {}, isTiny = true): Promise<void> {
  scene = new RestartScene(settings, isTiny)
  await scene.start()
}

async function away(clientId: string, topicFilter: string, qos: 0 | 1 | 2): Promise<void> {
  const client = await scene.durable(clientId)
  await client.subscribe({ topicFilter, qos })
  await client.disconnect(0)
}

const texts = (packets: readonly { readonly kind: string }[]) =>
  packets.flatMap((packet) => ('text' in packet ? [packet.text] : []))
const memTopic = { storage: { topics: [{ topics: ['mem'], durability: 'memory' as const }] } }
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('where faults, levels and crashes meet', () => {
  it('a QoS 2 message of a topic in memory reaches a session that is kept and connected', async () => {
    await started(memTopic, false)
    const s = await scene.durable('s')
    await s.subscribe({ topicFilter: '#', qos: 2 })
    await scene.publish('mem', ['m'], 2)
    await turns(20)
    expect(texts(await s.rest())).toEqual(['m'])
  })

  it('an expired retained message does not bring back the one that it replaced', async () => {
    await started({}, false)
    await scene.publish('a', ['old'], 1, { retain: true })
    await scene.publish('a', ['new'], 1, { retain: true, properties: { messageExpiryInterval: 10 } })
    await scene.crash(20_000)
    const c = await scene.client()
    await c.subscribe('a')
    expect(texts(await c.rest())).toEqual([])
  })

  it('a QoS 2 message whose batch failed is new when it comes again, also when its publisher had left before', async () => {
    await started({}, false)
    await away('reader', 't', 2)
    const p = await scene.durable('p')
    scene.disk.hold()
    p.sendPublish('t', 'once', { qos: 2, packetId: 5 })
    await turns(10)
    await p.abort()
    await turns(10)
    scene.disk.setFull(true)
    scene.disk.release()
    await turns(30)
    expect(scene.isDegraded).toBe(true)
    scene.disk.setFull(false)
    await scene.advance(1000)
    await scene.kept()
    expect(scene.isDegraded).toBe(false)
    const again = await scene.durable('p')
    again.sendPublish('t', 'once', { qos: 2, packetId: 5, dup: true })
    expect(await again.next('pubrec')).toMatchObject({ packetId: 5 })
    again.acknowledge('pubrel', 5)
    await again.next('pubcomp')
    const r = await scene.durable('reader')
    expect(texts(await r.rest())).toEqual(['once'])
  })

  it('an identifier that PUBCOMP gave back is free after a crash, where interval and always meet', async () => {
    await started({ storage: { durability: 'interval', topics: [{ topics: ['t'], durability: 'always' }] } }, false)
    await away('reader', 't', 2)
    const p = await scene.durable('p')
    p.sendPublish('t', 'one', { qos: 2, packetId: 5 })
    await p.next('pubrec')
    p.acknowledge('pubrel', 5)
    await p.next('pubcomp')
    await scene.crash()
    const again = await scene.durable('p')
    again.sendPublish('t', 'two', { qos: 2, packetId: 5 })
    await again.next('pubrec')
    again.acknowledge('pubrel', 5)
    await again.next('pubcomp')
    const r = await scene.durable('reader')
    expect(texts(await r.rest())).toEqual(['one', 'two'])
  })

  it('a QoS 2 message that was completed does not come again after a crash, where interval and always meet', async () => {
    await started({ storage: { durability: 'interval', topics: [{ topics: ['t'], durability: 'always' }] } }, false)
    const r = await scene.durable('reader')
    await r.subscribe({ topicFilter: 't', qos: 2 })
    await scene.kept()
    await scene.publish('t', ['one'], 2)
    const [m] = await r.publishes(1)
    r.acknowledge('pubrec', m!.packetId)
    await r.next('pubrel')
    r.acknowledge('pubcomp', m!.packetId)
    await r.barrier()
    await scene.crash()
    const again = await scene.durable('reader')
    expect(texts(await again.rest())).toEqual([])
  })
})
