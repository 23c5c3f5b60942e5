import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FleetOptions, type Progress, runFleet } from '../../devices-sim/fleet.ts'
import { startTestBroker, type TestBroker } from '../support/test-broker.ts'

let broker: TestBroker

/** Three seconds' worth of readings in half of one. */
function options(given: Partial<FleetOptions>): FleetOptions {
  return {
    url: `mqtt://127.0.0.1:${broker.port}`,
    protocol: '5',
    devices: 10,
    subscribers: 1,
    durationSeconds: 0.5,
    rate: 6,
    drops: 2,
    seed: 1,
    ...given,
  }
}

const never = new AbortController().signal

describe('a fleet', () => {
  beforeEach(async () => {
    broker = await startTestBroker()
  })
  afterEach(() => broker.close())

  it.each([
    { protocol: '5', subscribers: 1 },
    { protocol: '3.1.1', subscribers: 2 },
  ] as const)('comes home whole with MQTT $protocol to $subscribers', async ({ protocol, subscribers }) => {
    const summary = await runFleet(options({ protocol, subscribers }), () => {}, never)
    expect(summary).toMatchObject({
      passed: true,
      births: { sent: 12, seen: 12 },
      wills: { expected: 2, seen: 2 },
      missing: 0,
      lostConnections: 0,
      skipped: 0,
      strange: 0,
    })
    for (const qos of [1, 2] as const) {
      const { sent, acknowledged, received, lost } = summary.qos[qos]
      expect(sent).toBeGreaterThan(10)
      expect({ acknowledged, received, lost }).toEqual({ acknowledged: sent, received: sent * subscribers, lost: 0 })
    }
    expect(summary.qos[2].duplicates).toBe(0)
    expect(summary.qos[0].received).toBeGreaterThan(10)
  })

  it('runs over WebSocket and without drops', async () => {
    const url = `ws://127.0.0.1:${broker.webSocketPort}`
    const summary = await runFleet(options({ url, drops: 0, durationSeconds: 0.2 }), () => {}, never)
    expect(summary).toMatchObject({ passed: true, births: { sent: 10, seen: 10 }, wills: { expected: 0, seen: 0 } })
  })

  it('stops early when asked to, with a summary', async () => {
    const stop = new AbortController()
    const seen: Progress[] = []
    const onProgress = (progress: Progress): void => {
      seen.push(progress)
      stop.abort()
    }
    const summary = await runFleet(options({ durationSeconds: 600 }), onProgress, stop.signal)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ connected: 10 })
    expect(summary.passed).toBe(true)
    expect(summary.seconds).toBeLessThan(10)
  })

  it('notices that the broker is lost and does not wait for it', async () => {
    const seen: Progress[] = []
    const stop = new AbortController()
    const onProgress = (progress: Progress): void => {
      seen.push(progress)
      if (seen.length === 1) void broker.close()
      if (progress.brokerLostAtSeconds !== undefined) stop.abort()
    }
    const summary = await runFleet(options({ drops: 0, durationSeconds: 600 }), onProgress, stop.signal)
    expect(summary.brokerLostAtSeconds).toBeGreaterThan(0.9)
    expect(summary).toMatchObject({ passed: false, missing: 10, lostConnections: 10, wills: { expected: 10 } })
    expect(summary.seconds).toBeLessThan(9)
  })

  it('tells that the machine was too slow for the rate', async () => {
    const summary = await runFleet(options({ devices: 1, drops: 0, rate: 1000 }), () => {}, never)
    expect(summary.rateReached).toBeLessThan(0.5)
  })

  it('fails at once when there is no broker', async () => {
    const given = options({})
    await broker.close()
    await expect(runFleet(given, () => {}, never)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
