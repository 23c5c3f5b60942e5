import type { OutboundWindow } from '../../src/session/outbound-window.ts'
import type { Outbound } from '../../src/session/outbound.ts'
import { describe, expect, it } from 'vitest'
import { deliveryOf } from './outbound-model.ts'
import { outboundOf, takeAll, WINDOW } from './outbound-of.ts'

describe('the window of positions', () => {
  it('goes on past a message that is never acknowledged, and passes over its identifier in each round', () => {
    const { outbound } = outboundOf({}, 10)
    expect(outbound.admit(1)).toBe(1)
    let passed = 0
    let last = 1
    for (let count = 0; count < 10 * 65_534; count++) {
      const packetId = outbound.admit(1)
      if (packetId === 1) expect.fail('the identifier is in use')
      if (packetId !== last + 1) passed++
      last = packetId
      outbound.acknowledge(packetId)
    }
    expect(passed).toBe(9)
    expect(outbound.pending).toBeLessThanOrEqual(16)
    expect(outbound.inflight).toBe(1)
    expect(outbound.acknowledge(1)).toBe(0)
    expect(outbound.pending).toBe(0)
    expect(outbound.hasSpareQuota).toBe(true)
  })

  it('goes on at any limit: with 100,000 waiting, the oldest make room for the newest', () => {
    const { outbound, dropped } = outboundOf({ maximumQueuedMessages: 100_000 }, 20)
    for (let count = 0; count < 20; count++) {
      outbound.admit(1)
      outbound.keep(deliveryOf({ byteSize: 1 }))
    }
    const ten = deliveryOf({ byteSize: 10 })
    for (let count = 0; count < 400_000; count++) if (outbound.enqueue(ten, false) !== 'queued') expect.fail(`${count}`)
    expect(outbound.queuedMessages).toBe(100_000)
    expect(dropped).toHaveLength(300_020)
  })

  it('ends when four rounds of identifiers are in it', () => {
    const { outbound, dropped, enqueue } = outboundOf()
    const ten = deliveryOf({ byteSize: 10 })
    for (let count = 0; count < WINDOW; count++) outbound.enqueue(ten, false)
    expect(enqueue(5)).toBe('dropped')
    expect(dropped).toEqual([[5, 'queue-full']])
  })

  it('grows with what is in it, not with what was dropped behind a message that is never acknowledged', () => {
    const { outbound, dropped, enqueue } = outboundOf({ maximumQueuedMessages: 100 }, 2)
    outbound.admit(1)
    outbound.keep(deliveryOf({ byteSize: 1 }))
    for (let count = 0; count < 50_000; count++) expect(enqueue(count)).toBe('queued')
    expect(dropped).toHaveLength(49_901)
    expect(outbound.pending).toBeLessThanOrEqual(256)
    outbound.connected(1000)
    const expected = Array.from({ length: 99 }, (_, index) => `:${49_901 + index}`)
    expect(takeAll(outbound).map((taken) => taken.replace(/^publish \d+/, ''))).toEqual([':1!', ...expected])
  })

  it('a queued message waits for the identifier it is to have [MQTT5-2.2.1-4]', () => {
    const { outbound, enqueue } = outboundOf({}, 10)
    outbound.admit(2)
    const ten = deliveryOf({ byteSize: 10 })
    for (let count = 1; count < 65_535; count++) outbound.enqueue(ten, false)
    outbound.disconnected(false)
    expect(enqueue(11)).toBe('queued')
    expect(outbound.lastPosition).toBe(65_536) // 65535 would have had identifier 1
    outbound.sendQuota = 10
    for (let count = 1; count < 65_535; count++) {
      outbound.take(0, 0)
      outbound.acknowledge(outbound.takenPacketId)
    }
    expect(takeAll(outbound)).toEqual(['publish 2:11'])
  })

  it('of two queued for one identifier the second waits until the first has ended', () => {
    const { outbound } = outboundOf()
    const ten = deliveryOf({ byteSize: 10 })
    for (let count = 0; count < 65_537; count++) outbound.enqueue(ten, false)
    outbound.connected(65_535)
    expect(takeAll(outbound)).toHaveLength(65_535)
    outbound.sendQuota = 70_000
    expect(outbound.take(0, 0)).toBe('nothing')
    outbound.acknowledge(2)
    expect(outbound.take(0, 0)).toBe('nothing')
    outbound.acknowledge(1)
    expect(takeAll(outbound)).toEqual(['publish 1:10', 'publish 2:10'])
  })

  it('QoS 0 waits for no identifier', () => {
    const { outbound, enqueue } = outboundOf()
    enqueue(1, { qos: 1 })
    const ten = deliveryOf({ byteSize: 10, qos: 0 })
    for (let count = 1; count < 65_537; count++) outbound.enqueue(ten, false)
    outbound.connected(10)
    expect(takeAll(outbound)).toHaveLength(65_537)
    expect(outbound.inflight).toBe(1)
  })

  it.each(['sent', 'received'])('an identifier is in use while its message is %s', (state) => {
    const { outbound } = outboundOf({}, 10)
    outbound.admit(2)
    if (state === 'received') outbound.received(1)
    const used = new Set<number>()
    for (let count = 0; count < 65_534; count++) {
      const packetId = outbound.admit(1)
      used.add(packetId)
      outbound.acknowledge(packetId)
    }
    expect(used.has(1)).toBe(false)
    expect(used.size).toBe(65_534)
    expect(outbound.admit(1)).toBe(2)
    if (state === 'sent') outbound.received(1)
    expect(outbound.completed(1)).toBe(0)
  })
})

describe('what takes memory', () => {
  it('forgetTaken lets go of the message, and its identifier stays in use', () => {
    const { outbound, enqueue } = outboundOf({}, 10)
    enqueue(7)
    takeAll(outbound)
    outbound.forgetTaken()
    expect([outbound.queuedMessages, outbound.queuedBytes, outbound.inflight]).toEqual([0, 0, 1])
    outbound.forgetTaken()
    expect(outbound.queuedMessages).toBe(0)
    expect(outbound.acknowledge(1)).toBe(0)
  })

  it('PUBREC lets go of the message', () => {
    const { outbound } = outboundOf({}, 10)
    outbound.admit(2)
    outbound.keep(deliveryOf({ qos: 2, byteSize: 7 }))
    expect(outbound.received(1)).toBe(0)
    expect([outbound.queuedMessages, outbound.queuedBytes, outbound.inflight]).toEqual([0, 0, 1])
    expect(outbound.received(1)).toBe(0)
    expect(outbound.completed(1)).toBe(0)
    expect(outbound.completed(1)).toBe(-1)
  })

  it.each([1024, 1025, 5000])('a queue of %i that has drained holds slots only when it is short', (count) => {
    const { outbound, enqueue } = outboundOf({}, 65_535)
    for (let size = 0; size < count; size++) enqueue(1)
    expect(takeAll(outbound)).toHaveLength(count)
    for (let packetId = 1; packetId <= count; packetId++) outbound.acknowledge(packetId)
    expect(outbound.pending).toBe(0)
    expect(slotsOf(outbound)).toBe(count > 1024 ? 0 : 1024)
    expect(outbound.admit(1)).toBe(count + 1)
    expect(slotsOf(outbound)).toBe(count > 1024 ? 8 : 1024)
  })

  it('discarding the QoS 0 message that emptied a long queue frees no quota twice', () => {
    const { outbound, enqueue } = outboundOf({}, 1)
    for (let count = 0; count < 2000; count++) enqueue(1, { qos: 0 })
    while (outbound.take(0, 0) !== 'nothing') outbound.discard(outbound.takenPosition)
    expect(outbound.inflight).toBe(0)
    expect(outbound.admit(1)).toBeGreaterThan(0)
    expect(outbound.admit(1)).toBe(0)
  })

  it('discarding twice frees quota once', () => {
    const { outbound } = outboundOf({}, 3)
    for (let count = 0; count < 2; count++) outbound.admit(1)
    outbound.discard(1)
    outbound.discard(1)
    expect([outbound.inflight, outbound.pending]).toEqual([1, 2])
    outbound.discard(0)
    outbound.discard(0)
    expect([outbound.inflight, outbound.pending]).toEqual([0, 0])
  })

  it('clear gives back what is left, oldest first, and says what was sent', () => {
    const { outbound, enqueue } = outboundOf({}, 2)
    for (const size of [1, 2, 3]) enqueue(size)
    takeAll(outbound)
    outbound.acknowledge(1)
    const left: [number, boolean][] = []
    outbound.clear((delivery, wasSent) => left.push([delivery.byteSize, wasSent]))
    expect(left).toEqual([
      [2, true],
      [3, false],
    ])
    expect([outbound.pending, outbound.inflight, outbound.queuedMessages, outbound.queuedBytes]).toEqual([0, 0, 0, 0])
    expect([slotsOf(outbound), outbound.hasWaiting]).toEqual([0, false])
    expect(outbound.admit(1)).toBe(4)
  })
})

/** What the window holds memory for. */
function slotsOf(outbound: Outbound): number {
  const { states, positions, deliveries } = (outbound as unknown as { window: OutboundWindow }).window
  expect([positions.length, deliveries.length]).toEqual([states.length, states.length])
  return states.length
}
