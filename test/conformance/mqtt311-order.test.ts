import { describe, expect, it } from 'vitest'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(4)
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`)

async function publish(topicName: string, texts: readonly string[], qos = 1) {
  const publisher = await broker.client()
  for (const text of texts) await publisher.publish(topicName, text, { qos })
  await publisher.disconnect()
}

describe('Message ordering', () => {
  it.each([1, 2])('[MQTT311-4.6.0-1] [MQTT311-4.4.0-1] QoS %d: resends in order, before what is new', async (qos) => {
    const [topicName, clientId] = [unique('resume'), unique('resume')]
    const first = await broker.client({ clientId, cleanStart: false })
    await first.subscribe({ topicFilter: topicName, qos })
    await publish(topicName, numbers(1, 10), qos)
    const sent = await first.publishes(10)
    await first.abort()
    await broker.settle()
    await publish(topicName, numbers(11, 15), qos)
    const second = await broker.client({ clientId, cleanStart: false })
    await publish(topicName, numbers(16, 17), qos)
    const again = await second.publishes(17)
    expect(again.map((one) => one.text)).toEqual(numbers(1, 17))
    expect(again.slice(0, 10).map((one) => one.packetId)).toEqual(sent.map((one) => one.packetId))
    expect(again.map((one) => one.dup)).toEqual([...Array(10).fill(true), ...Array(7).fill(false)])
  })

  it('[MQTT311-4.4.0-1] PUBREL comes again with its old identifier, in order', async () => {
    const [topicName, clientId] = [unique('pubrel'), unique('pubrel')]
    const first = await broker.client({ clientId, cleanStart: false })
    await first.subscribe({ topicFilter: topicName, qos: 2 })
    await publish(topicName, numbers(1, 4), 2)
    const ids = (await first.publishes(4)).map((one) => one.packetId)
    for (const packetId of ids.slice(0, 2)) first.acknowledge('pubrec', packetId)
    await first.barrier()
    await first.abort()
    const second = await broker.client({ clientId, cleanStart: false })
    const again = await second.rest()
    expect(again.map((one) => one.kind)).toEqual(['pubrel', 'pubrel', 'publish', 'publish'])
    expect(again.map((one) => ('packetId' in one ? one.packetId : 0))).toEqual(ids)
  })

  it.each([0, 1, 2])('[MQTT311-4.6.0-6] [MQTT311-4.6.0-5] QoS %d: live messages keep their order', async (qos) => {
    const [topicName, other] = [unique('live'), unique('live')]
    const watcher = await broker.client({ autoAcknowledge: true })
    await watcher.subscribe([
      { topicFilter: topicName, qos },
      { topicFilter: other, qos },
    ])
    const publishers = await Promise.all([1, 2].map(() => broker.client({ autoAcknowledge: true })))
    for (let number = 1; number <= 1000; number++) {
      for (const [index, publisher] of publishers.entries()) {
        publisher.sendPublish(number % 2 === 0 ? topicName : other, `${index} ${number}`, { qos })
      }
    }
    const seen = (await watcher.publishes(2000)).map((one) => one.text.split(' '))
    for (const publisher of ['0', '1']) {
      const own = seen.filter(([index]) => index === publisher).map(([, number]) => number)
      expect(own).toEqual(numbers(1, 1000))
    }
  })

  it('[MQTT311-4.6.0-5] from the offline queue to live messages there is no gap and no overtaking', async () => {
    const [topicName, clientId] = [unique('handover'), unique('handover')]
    const first = await broker.client({ clientId, cleanStart: false })
    await first.subscribe({ topicFilter: topicName, qos: 1 })
    await first.disconnect()
    await publish(topicName, numbers(1, 100))
    const publisher = await broker.client()
    const opening = broker.client({ clientId, cleanStart: false, autoAcknowledge: true })
    for (let number = 101; number <= 200; number++) publisher.sendPublish(topicName, `${number}`, { qos: 1 })
    const second = await opening
    expect((await second.publishes(200)).map((one) => one.text)).toEqual(numbers(1, 200))
  })

  it('[MQTT311-4.6.0-6] through reconnects: ascending, none lost', async () => {
    const [topicName, clientId] = [unique('storm'), unique('storm')]
    const total = 1000
    let receiver = await broker.client({ clientId, cleanStart: false })
    await receiver.subscribe({ topicFilter: topicName, qos: 1 })
    const publisher = await broker.client()
    const publishing = (async () => {
      for (let number = 1; number <= total; number += 20) {
        for (let step = 0; step < 20; step++) publisher.sendPublish(topicName, `${number + step}`, { qos: 1 })
        for (let step = 0; step < 20; step++) await publisher.next('puback')
      }
    })()
    let last = 0
    let untilCut = 150
    while (last !== total) {
      const delivery = await receiver.next('publish')
      const number = Number(delivery.text)
      if (!(delivery.dup && number <= last)) {
        expect(number).toBe(last + 1)
        last = number
      }
      untilCut -= 1
      if (untilCut === 0) {
        untilCut = 150
        await receiver.abort() // this one, and what is unacknowledged, comes again
        receiver = await broker.client({ clientId, cleanStart: false })
      } else {
        receiver.acknowledge('puback', delivery.packetId)
      }
    }
    await publishing
    expect(await receiver.rest()).toEqual([])
  })

  it('[MQTT311-4.6.0-6] acknowledgements come in the order of what they answer', async () => {
    const client = await broker.client()
    const ids = [9, 3, 7, 1, 8]
    for (const packetId of ids) client.sendPublish('acks', 'x', { qos: 1, packetId })
    for (const packetId of ids) expect((await client.next('puback')).packetId).toBe(packetId)
    for (const packetId of ids) client.sendPublish('acks', 'x', { qos: 2, packetId })
    for (const packetId of ids) expect((await client.next('pubrec')).packetId).toBe(packetId)
    for (const packetId of ids) client.acknowledge('pubrel', packetId)
    for (const packetId of ids) expect((await client.next('pubcomp')).packetId).toBe(packetId)
  })
})

describe('Packet Identifiers of the broker', () => {
  it('[MQTT311-2.3.1-4] are not given out while in use, all the way round 65535', async () => {
    const topicName = unique('wrap')
    const client = await broker.client()
    await client.subscribe({ topicFilter: topicName, qos: 1 })
    const publisher = await broker.client()
    const round = 1000
    let held = 0
    const seen = new Set<number>()
    for (let total = 0; total < 67_000; total += round) {
      for (let step = 0; step < round; step++) publisher.sendPublish(topicName, '', { qos: 1 })
      for (const { packetId } of await client.publishes(round)) {
        // The first one stays unacknowledged. The test client fails when it comes up again.
        if (held === 0) held = packetId
        else client.acknowledge('puback', packetId)
        seen.add(packetId)
      }
      for (let step = 0; step < round; step++) await publisher.next('puback')
    }
    expect(seen.size).toBe(65_535)
    client.acknowledge('puback', held)
    expect(await client.rest()).toEqual([])
  }, 60_000)
})
