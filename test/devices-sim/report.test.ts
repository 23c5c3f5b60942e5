import { describe, expect, it } from 'vitest'
import type { FleetSummary } from '../../devices-sim/fleet.ts'
import { progressLine, summaryText } from '../../devices-sim/report.ts'

const clean = { sent: 10, acknowledged: 10, received: 10, lost: 0, duplicates: 0, reordered: 0 }

const summary: FleetSummary = {
  run: 'r1',
  options: {
    url: 'mqtt://127.0.0.1:1883',
    protocol: '5',
    devices: 3,
    subscribers: 1,
    durationSeconds: 1,
    rate: 1,
    drops: 1,
    seed: 1,
  },
  seconds: 1.5,
  qos: { 0: clean, 1: clean, 2: clean },
  births: { sent: 4, seen: 4 },
  wills: { expected: 1, seen: 1 },
  missing: 0,
  skipped: 0,
  rateReached: 1,
  lostConnections: 0,
  strange: 0,
  passed: true,
}

describe('the report', () => {
  it('shows rates since the line before', () => {
    const before = { seconds: 1, connected: 3, sent: 100, received: 90 }
    const line = progressLine({ seconds: 3, connected: 3, sent: 300, received: 290 }, before)
    expect(line).toMatch(/^ {3}3 s {2}connected {4}3 {2}sent +100\/s {2}received +100\/s$/)
  })

  it('says that all is well', () => {
    expect(summaryText(summary)).toContain('QoS 1 lost nothing; QoS 2 arrived exactly once')
    expect(summaryText(summary)).toContain('births seen 4 of 4, wills seen 1 of 1')
  })

  it.each([
    [{}, /^(?!.*(broker lost|not reached))/s],
    [{ brokerLostAtSeconds: 2.04 }, /^broker lost at 2.0 s$/m],
    [{ rateReached: 0.5 }, /^rate 1 was not reached: 50 % of the readings asked for were made$/m],
    [{ lostConnections: 3 }, /^3 connections lost that no device gave up; a broker that dies sends no wills$/m],
  ])('remarks on %j', (given, remark) => {
    expect(summaryText({ ...summary, ...given })).toMatch(remark)
  })

  it('names what went wrong', () => {
    const qos = { 0: clean, 1: { ...clean, lost: 2 }, 2: { ...clean, duplicates: 3 } }
    const text = summaryText({ ...summary, qos, passed: false })
    expect(text).toContain('FAILED: QoS 1 lost 2, QoS 2 delivered 3 twice')
    expect(text).not.toContain('exactly once')
    const gone = summaryText({ ...summary, missing: 3, passed: false })
    expect(gone).toContain('FAILED: 3 devices without a connection at the end')
  })
})
