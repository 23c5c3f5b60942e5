import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createBroker } from '../../src/server/create-broker.ts'
import { DelayedStore } from '../support/delayed-store.ts'
import { SoakClient } from './soak-client.ts'

/** Two minutes in `npm run soak`; a taste of it in `npm test`. Real time, because clients come and go in it. */
const seconds = Number(process.env['SOAK_SECONDS'] ?? (process.env['npm_lifecycle_event'] === 'soak' ? 120 : 6))
const clientCount = Number(process.env['SOAK_CLIENTS'] ?? 500)
const seed = Number(process.env['SOAK_SEED'] ?? 1)

function newRandom(from: number): () => number {
  let state = from
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}

describe('soak', () => {
  it(
    `${clientCount} clients connect, publish, drop and resume for ${seconds} s: nothing acknowledged is lost, QoS 2 is exactly once, order is kept`,
    async () => {
      const broker = createBroker(
        { listeners: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }], sysIntervalSeconds: 1 },
        { store: new DelayedStore(seed, 4) },
      )
      const [address] = await broker.listen()
      const random = newRandom(seed)
      const faults: string[] = []
      const clients = Array.from({ length: clientCount }, (_, index) => {
        const sources = [(index + 1) % clientCount, (index + 7) % clientCount]
        return new SoakClient(address?.port ?? 0, index, sources, faults)
      })
      await Promise.all(clients.map((client) => client.connect()))
      let drops = 0
      const endMs = performance.now() + seconds * 1000
      while (performance.now() < endMs) {
        for (const client of clients) {
          const dice = random()
          if (client.isDown) {
            if (dice < 0.3) void client.connect()
          } else if (client.isUp) {
            if (dice < 0.01) {
              // some drop with publishes on their way, some in silence
              if (dice < 0.005) client.publish(dice < 0.0025 ? 1 : 2)
              client.drop()
              drops++
            } else if (dice < 0.25) client.publish(Math.floor(random() * 3) as 0 | 1 | 2)
          }
        }
        await wait(20)
      }
      await settle(clients, faults)

      let acknowledged = 0
      let duplicates = 0
      for (const [index, client] of clients.entries()) {
        for (const qos of [1, 2]) {
          const published = client.published[qos] as number
          acknowledged += published
          for (const receiver of [(index - 1 + clientCount) % clientCount, (index - 7 + clientCount) % clientCount]) {
            const seen = clients[receiver]?.seen.get(`soak/${index}/${qos}`)
            duplicates += seen?.duplicates ?? 0
            if ((seen?.count ?? 0) !== published)
              faults.push(`soak/${index}/${qos}: ${published} published, ${seen?.count ?? 0} received by ${receiver}`)
          }
        }
      }
      const { counters } = broker.statistics
      for (const client of clients) client.drop()
      await broker.close({ graceMs: 100 })
      console.log(
        `soak: ${acknowledged} acknowledged at QoS 1 and 2, ${drops} drops, ${duplicates} QoS 1 duplicates, seed ${seed}`,
      )
      expect(faults.slice(0, 20)).toEqual([])
      expect(acknowledged).toBeGreaterThan(seconds * clientCount)
      expect(drops).toBeGreaterThan(0)
      expect({ assertions: counters.assertions, protocolErrors: counters.protocolErrors }).toEqual({
        assertions: 0,
        protocolErrors: 0,
      })
      expect([counters.drops['queue-full'], counters.drops['expired'], counters.drops['session-ended']]).toEqual([
        0, 0, 0,
      ])
    },
    seconds * 1000 + 60_000,
  )
})

/** Brings everybody back and waits until every publish is acknowledged and every count has stood still. */
async function settle(clients: readonly SoakClient[], faults: string[]): Promise<void> {
  const deadlineMs = performance.now() + 30_000
  let lastCount = -1
  for (;;) {
    for (const client of clients) if (client.isDown) void client.connect()
    await wait(200)
    let count = 0
    for (const client of clients) for (const seen of client.seen.values()) count += seen.count
    if (clients.every((client) => client.isSettled) && count === lastCount) return
    lastCount = count
    if (performance.now() < deadlineMs) continue
    faults.push(`${clients.filter((client) => !client.isSettled).length} clients did not settle`)
    return
  }
}
