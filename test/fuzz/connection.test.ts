import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { createBroker } from '../../src/server/create-broker.ts'
import { WireClient } from '../support/wire-client.ts'
import { mutate, Random, validConnect, validPackets } from './mutate.ts'

const BOX_MS = Number(process.env['FUZZ_MS'] ?? 3000)

/** One connection's worth of spoilt traffic in random pieces; resolves when it is closed. */
function misbehave(port: number, random: Random): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    socket.on('data', () => {})
    socket.on('connect', () => {
      const version = random.of([3, 4, 5] as const)
      const first = validConnect(version, random)
      const packets = Array.from({ length: 1 + random.below(5) }, () => validPackets(version, random)).flat()
      const spoilt = packets.map((packet) => (random.next() < 0.05 ? mutate(packet, random) : packet))
      const stream = Buffer.concat([random.next() < 0.15 ? mutate(first, random) : first, ...spoilt])
      for (let at = 0; at < stream.length;) {
        const size = 1 + random.below(300)
        socket.write(stream.subarray(at, at + size))
        at += size
      }
      if (random.next() < 0.5) socket.end()
      else setImmediate(() => socket.destroy())
    })
  })
}

it(`[MQTT5-U-5-a] ${BOX_MS} ms of connections with spoilt traffic leave the broker whole`, async () => {
  const seed = Date.now() % 1_000_000
  const random = new Random(seed)
  const limits = { mqtt3SessionExpirySeconds: 60, maximumQueuedMessages: 100 }
  const broker = createBroker({ listeners: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }], limits })
  const [address] = await broker.listen()
  const port = address?.port ?? 0
  const endMs = performance.now() + BOX_MS
  let connections = 0
  while (performance.now() < endMs) {
    await Promise.all(Array.from({ length: 20 }, () => misbehave(port, random)))
    connections += 20
  }
  const { counters } = broker.statistics
  const client = await WireClient.connected({ port, version: 5, clientId: 'healthy' })
  await client.subscribe({ topicFilter: 'after/fuzz', qos: 1 })
  await client.publish('after/fuzz', 'still here', { qos: 1 })
  expect(String((await client.next('publish')).payload)).toBe('still here')
  const { sessions, connections: connected, outboxBytes, storedMessages } = broker.statistics.gauges()
  await client.disconnect()
  await broker.close({ graceMs: 100 })
  expect({ assertions: counters.assertions, seed }).toEqual({ assertions: 0, seed })
  expect(connections).toBeGreaterThan(100)
  expect(counters.protocolErrors).toBeGreaterThan(20)
  expect(counters.publishReceived).toBeGreaterThan(500)
  expect(sessions).toBeLessThan(200)
  expect(connected).toBe(1)
  expect(outboxBytes).toBeLessThan(1000)
  expect(storedMessages).toBeLessThan(sessions * 100 + 500)
})
