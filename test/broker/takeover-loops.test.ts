import { afterEach, describe, expect, it } from 'vitest'
import type { Connection } from '../../src/broker/connection.ts'
import type { BrokerCore } from '../../src/broker/core.ts'
import { TakeoverLoops } from '../../src/broker/takeover-loops.ts'
import type { Log } from '../../src/contracts/log.ts'
import { newCounters } from '../../src/contracts/statistics.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import { ManualClock } from '../../src/observe/manual-clock.ts'
import { releaseClients, WireClient } from '../support/wire-client.ts'

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  await releaseClients()
  for (const close of closing.splice(0)) await close()
})

/** A broker whose warnings are kept. */
async function scene() {
  const warnings: string[] = []
  const log: Log = { debug() {}, info() {}, warn: (_details, text) => void warnings.push(text), error() {} }
  const clock = new ManualClock()
  const broker = createBroker({ listeners: [{ kind: 'tcp', port: 0 }], sysIntervalSeconds: 0 }, { clock, log })
  const [address] = await broker.listen()
  closing.push(() => broker.close({ graceMs: 0 }))
  const port = address?.port ?? 0
  return {
    warnings,
    clock,
    collisions: () => broker.statistics.counters.clientIdCollisions,
    /** Connects so many times with one client identifier, each throwing out the one before. */
    async takeOver(clientId: string, times: number): Promise<void> {
      for (let time = 0; time < times; time++) await WireClient.connected({ port, clientId })
    },
  }
}

describe('clients that throw each other out', () => {
  it('are named with both addresses and what to do, once a minute', async () => {
    const { warnings, clock, collisions, takeOver } = await scene()
    await takeOver('twin', 5)
    expect([warnings, collisions()]).toEqual([[], 0]) // four takeovers
    await takeOver('twin', 1)
    expect(warnings).toEqual([
      expect.stringMatching(
        /^two clients use the client identifier twin: 127\.0\.0\.1:\d+ and 127\.0\.0\.1:\d+ throw each other out; give each its own$/,
      ),
    ])
    await takeOver('twin', 10)
    expect([warnings.length, collisions()]).toEqual([1, 11])
    clock.advance(60_000)
    await takeOver('twin', 5)
    expect([warnings.length, collisions()]).toEqual([2, 12])
  })

  it('are two of one client identifier, in one minute', async () => {
    const { warnings, clock, collisions, takeOver } = await scene()
    for (const clientId of ['one', 'other']) await takeOver(clientId, 5)
    clock.advance(60_000)
    await takeOver('one', 4)
    expect([warnings, collisions()]).toEqual([[], 0])
  })

  it.each([
    [4095, 1],
    [4096, 0],
  ])('are watched in bounded number: after %d others the oldest is forgotten', (others, told) => {
    let warnings = 0
    const core = { counters: newCounters(), time: { nowMs: 0 }, log: { warn: () => warnings++ } }
    const loops = new TakeoverLoops(core as unknown as BrokerCore)
    const peer = { address: '', port: 0, listener: 'unix:/s' }
    const takeOver = (clientId: string) => {
      const connection = { clientId, peer } as Connection
      loops.takenOver(connection, connection)
    }
    for (let time = 0; time < 4; time++) takeOver('first')
    for (let index = 0; index < others; index++) takeOver(`other-${index}`)
    takeOver('first')
    expect(warnings).toBe(told)
  })
})
