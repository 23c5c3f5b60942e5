import { describe, expect, it } from 'vitest'
import type { Outbound } from '../../src/session/outbound.ts'
import type { OutboundLimits } from '../../src/session/queue-bounds.ts'
import { deliveryOf } from './outbound-model.ts'
import { outboundOf, takeAll, WINDOW } from './outbound-of.ts'

describe('a full queue', () => {
  it.each<[OutboundLimits['queueFullPolicy'], string, number[], number[], string]>([
    ['drop-oldest', 'queued', [1], [2, 3, 4], 'the oldest goes'],
    ['drop-newest', 'dropped', [4], [1, 2, 3], 'the new one goes'],
    ['disconnect', 'overflow', [], [1, 2, 3], 'the client goes'],
  ])('of messages, %s', (queueFullPolicy, outcome, gone, left) => {
    const { outbound, dropped, enqueue } = outboundOf({ maximumQueuedMessages: 3, queueFullPolicy })
    expect([enqueue(1), enqueue(2), enqueue(3)]).toEqual(['queued', 'queued', 'queued'])
    expect(enqueue(4)).toBe(outcome)
    expect(dropped).toEqual(gone.map((size) => [size, 'queue-full']))
    expect(outbound.queuedMessages).toBe(3)
    expect(sizesLeft(outbound)).toEqual(left)
  })

  it.each<[OutboundLimits['queueFullPolicy'], string, number[], number[]]>([
    ['drop-oldest', 'queued', [10, 20], [30, 60]],
    ['drop-newest', 'dropped', [60], [10, 20, 30]],
    ['disconnect', 'overflow', [], [10, 20, 30]],
  ])('of bytes, %s', (queueFullPolicy, outcome, gone, left) => {
    const { outbound, dropped, enqueue } = outboundOf({ maximumQueuedBytes: 100, queueFullPolicy })
    for (const size of [10, 20, 30]) enqueue(size)
    expect(enqueue(60)).toBe(outcome)
    expect(dropped).toEqual(gone.map((size) => [size, 'queue-full']))
    expect(outbound.queuedBytes).toBe(left.reduce((sum, size) => sum + size))
    expect(sizesLeft(outbound)).toEqual(left)
  })

  it('is full at its limit and not one before', () => {
    for (const size of [39, 40, 41]) {
      const { outbound, enqueue } = outboundOf({ maximumQueuedBytes: 100, queueFullPolicy: 'drop-newest' })
      enqueue(60)
      expect(enqueue(size)).toBe(size <= 40 ? 'queued' : 'dropped')
      expect(outbound.queuedBytes).toBe(size <= 40 ? 60 + size : 60)
    }
  })

  it('a message that alone is above the limit drops nothing but itself', () => {
    const { outbound, dropped, enqueue } = outboundOf({ maximumQueuedBytes: 100 })
    for (const size of [10, 20, 30]) enqueue(size)
    expect(enqueue(101)).toBe('dropped')
    expect(dropped).toEqual([[101, 'queue-full']])
    expect(enqueue(100)).toBe('queued')
    expect(sizesLeft(outbound)).toEqual([100])
  })

  it('counts what is in flight and kept, and never drops it', () => {
    const { outbound, dropped, enqueue } = outboundOf({ maximumQueuedMessages: 2 }, 10)
    for (const size of [1, 2]) {
      outbound.admit(1)
      outbound.keep(deliveryOf({ byteSize: size }))
    }
    expect(outbound.hasRoom).toBe(false)
    expect(enqueue(3)).toBe('dropped')
    expect(dropped).toEqual([[3, 'queue-full']])
    outbound.acknowledge(1)
    expect(outbound.hasRoom).toBe(true)
    expect(enqueue(4)).toBe('queued')
    expect(enqueue(5)).toBe('queued')
    expect(dropped).toEqual([
      [3, 'queue-full'],
      [4, 'queue-full'],
    ])
    expect(sizesLeft(outbound)).toEqual([2, 5])
  })

  it('has no room when its bytes are spent', () => {
    const { outbound, enqueue } = outboundOf({ maximumQueuedBytes: 20 })
    enqueue(19)
    expect(outbound.hasRoom).toBe(true)
    enqueue(1)
    expect(outbound.hasRoom).toBe(false)
  })

  it('drops the oldest that waits, past what is being sent again', () => {
    const { outbound, dropped, enqueue } = outboundOf({ maximumQueuedMessages: 4 }, 2)
    for (const size of [1, 2, 3, 4]) enqueue(size)
    expect(takeAll(outbound)).toEqual(['publish 1:1', 'publish 2:2'])
    outbound.connected(1)
    expect(takeAll(outbound)).toEqual(['publish 1:1!'])
    enqueue(5)
    enqueue(6)
    expect(dropped).toEqual([
      [3, 'queue-full'],
      [4, 'queue-full'],
    ])
    outbound.acknowledge(1)
    expect(takeAll(outbound)).toEqual(['publish 2:2!'])
    outbound.acknowledge(2)
    expect(takeAll(outbound)).toEqual(['publish 5:5'])
    outbound.connected(10)
    expect(takeAll(outbound)).toEqual(['publish 5:5!', 'publish 6:6'])
  })

  it('drops the oldest wherever the queue lies in its ring', () => {
    for (let before = 0; before < 20; before++) {
      const { outbound, dropped, enqueue } = outboundOf({ maximumQueuedMessages: 3 }, 10)
      for (let count = 0; count < before; count++) {
        enqueue(100)
        takeAll(outbound)
        outbound.acknowledge(outbound.takenPacketId)
      }
      for (const size of [1, 2, 3, 4, 5]) enqueue(size)
      expect(dropped).toEqual([
        [1, 'queue-full'],
        [2, 'queue-full'],
      ])
      expect(takeAll(outbound).map((one) => one.split(':')[1])).toEqual(['3', '4', '5'])
    }
  })

  it('passes over a position that was skipped because its identifier is in use', () => {
    const { outbound, dropped, enqueue } = outboundOf({ maximumQueuedBytes: 1e6 }, 10)
    outbound.admit(2)
    const ten = deliveryOf({ byteSize: 10 })
    for (let count = 1; count < 65_535 + 3; count++) outbound.enqueue(ten, false)
    expect(outbound.lastPosition).toBe(65_538)
    expect(enqueue(1e6 - 10)).toBe('queued')
    expect(dropped).toHaveLength(65_536)
    expect(outbound.queuedMessages).toBe(2)
  })

  it('goes on dropping the oldest for as long as the client is away', () => {
    const { outbound, dropped, enqueue } = outboundOf({ maximumQueuedMessages: 3 })
    const delivery = deliveryOf({ byteSize: 1 })
    for (let count = 0; count < WINDOW + 10; count++) {
      if (outbound.enqueue(delivery, false) !== 'queued') expect.fail(`not queued after ${count}`)
    }
    for (const size of [7, 8, 9]) expect(enqueue(size)).toBe('queued')
    expect(dropped).toHaveLength(WINDOW + 10)
    expect(sizesLeft(outbound)).toEqual([7, 8, 9])
  })
})

describe('take', () => {
  it('resends in the first order, PUBREL where PUBREC came, then what waits [MQTT5-4.4.0-1]', () => {
    const { outbound, enqueue } = outboundOf({}, 10)
    for (const [size, qos] of [
      [1, 1],
      [2, 2],
      [3, 2],
      [4, 1],
    ] as const) {
      outbound.admit(qos)
      outbound.keep(deliveryOf({ qos, byteSize: size }))
    }
    outbound.received(2)
    outbound.acknowledge(1)
    outbound.disconnected(false)
    enqueue(5)
    outbound.connected(10)
    expect(outbound.inflight).toBe(0)
    expect(takeAll(outbound)).toEqual(['pubrel 2', 'publish 3:3!', 'publish 4:4!', 'publish 5:5'])
    expect(outbound.inflight).toBe(4)
  })

  it('an answer to what was not yet sent again on this connection ends nothing', () => {
    const { outbound } = outboundOf({}, 10)
    outbound.admit(1)
    outbound.keep(deliveryOf({}))
    outbound.connected(10)
    expect(outbound.acknowledge(1)).toBe(-1)
    expect(takeAll(outbound)).toEqual(['publish 1:10!'])
    expect(outbound.acknowledge(1)).toBe(0)
  })

  it('stops at the quota and goes on when a message has ended [MQTT5-4.9.0-2] [MQTT5-3.3.4-9]', () => {
    const { outbound, enqueue } = outboundOf({}, 2)
    for (const size of [1, 2, 3, 4]) enqueue(size)
    expect(takeAll(outbound)).toEqual(['publish 1:1', 'publish 2:2'])
    expect(outbound.waitingMessages).toBe(2)
    outbound.acknowledge(2)
    expect(takeAll(outbound)).toEqual(['publish 3:3'])
    expect(outbound.isWaitingForCommit).toBe(false)
  })

  it('QoS 0 needs no quota and no identifier', () => {
    const { outbound, enqueue } = outboundOf({}, 1)
    enqueue(1, { qos: 0 })
    enqueue(2, { qos: 1 })
    enqueue(3, { qos: 0 })
    enqueue(4, { qos: 1 })
    expect(takeAll(outbound)).toEqual(['publish 0:1', 'publish 2:2', 'publish 0:3'])
    expect(outbound.queuedBytes).toBe(6)
    expect(outbound.inflight).toBe(1)
  })

  it('drops what has expired, at the very instant, but not what was sent before [MQTT5-3.3.2-5]', () => {
    const { outbound, dropped, enqueue } = outboundOf({}, 1)
    enqueue(1, { expiresAtMs: 100 })
    enqueue(2, { expiresAtMs: 200 })
    enqueue(3, { expiresAtMs: 201 })
    expect(takeAll(outbound, 99)).toEqual(['publish 1:1'])
    outbound.connected(3)
    expect(takeAll(outbound, 200)).toEqual(['publish 1:1!', 'publish 3:3'])
    expect(dropped).toEqual([[2, 'expired']])
  })

  it('a QoS 2 message waits for its commit, a QoS 1 message does not', () => {
    const { outbound, enqueue } = outboundOf({}, 10)
    enqueue(1, { qos: 1, commit: 5 })
    enqueue(2, { qos: 2, commit: 5 })
    enqueue(3, { qos: 1 })
    expect(takeAll(outbound, 0, 4)).toEqual(['publish 1:1'])
    expect(outbound.isWaitingForCommit).toBe(true)
    expect(takeAll(outbound, 0, 5)).toEqual(['publish 2:2', 'publish 3:3'])
    expect(outbound.isWaitingForCommit).toBe(false)
  })

  it('a message sent and not kept cannot be sent again: that is a fault of ours', () => {
    const { outbound } = outboundOf({}, 10)
    outbound.admit(1)
    outbound.connected(10)
    expect(() => outbound.take(0, 0)).toThrow('position 0 is 2 but holds no message')
  })
})

describe('answers', () => {
  it.each(['acknowledge', 'refused', 'completed', 'received'] as const)(
    '%s ends what it is for and nothing else',
    (answer) => {
      const { outbound } = outboundOf({}, 10)
      for (const qos of [1, 2, 2] as const) outbound.admit(qos)
      outbound.received(3)
      const right = { acknowledge: [1], refused: [2], completed: [3], received: [2, 3] }[answer]
      for (const packetId of [0, 1, 2, 3, 4, 65_535]) {
        if (!right.includes(packetId)) expect(outbound[answer](packetId), `identifier ${packetId}`).toBe(-1)
      }
      expect(outbound.inflight).toBe(3)
      for (const packetId of right) expect(outbound[answer](packetId)).toBe(packetId - 1)
      expect(outbound.inflight).toBe(answer === 'received' ? 3 : 2)
    },
  )
})

describe('hasSpareQuota counts what is in flight and what waits to be', () => {
  it.each([
    { quota: 0, inflight: 0, queued: 0, expected: false },
    { quota: 1, inflight: 0, queued: 0, expected: true },
    { quota: 1, inflight: 1, queued: 0, expected: false },
    { quota: 3, inflight: 2, queued: 0, expected: true },
    { quota: 3, inflight: 1, queued: 1, expected: true },
    { quota: 3, inflight: 1, queued: 2, expected: false },
    { quota: 3, inflight: 0, queued: 2, expected: true },
    { quota: 3, inflight: 0, queued: 3, expected: false },
  ])('$inflight and $queued of $quota: $expected', ({ quota, inflight, queued, expected }) => {
    const { outbound, enqueue } = outboundOf({}, quota)
    for (let count = 0; count < 5; count++) outbound.acknowledge(outbound.admit(1))
    for (let count = 0; count < inflight; count++) outbound.admit(1)
    for (let count = 0; count < queued; count++) enqueue(1)
    expect(outbound.hasSpareQuota).toBe(expected)
    expect(outbound.admit(1) > 0).toBe(expected && queued === 0)
  })
})

it('a new queue admits nothing while the client is offline', () => {
  const { outbound } = outboundOf()
  expect([outbound.admit(1), outbound.hasWaiting]).toEqual([0, false])
  expect(outbound.lastPosition).toBe(-1)
  outbound.connected(1)
  expect([outbound.admit(1), outbound.admit(1)]).toEqual([1, 0])
  outbound.acknowledge(1)
  expect(outbound.admit(2)).toBe(2)
  outbound.disconnected(false)
  expect(outbound.admit(1)).toBe(0)
})

function sizesLeft(outbound: Outbound): number[] {
  const left: number[] = []
  outbound.clear((delivery) => left.push(delivery.byteSize))
  return left
}

it.each([
  [1, 'acknowledge'],
  [2, 'received'],
  [2, 'refused'],
] as const)('QoS %d: %s of what was taken and not yet sent ends nothing', (qos, step) => {
  const { outbound, enqueue } = outboundOf({}, 10)
  enqueue(7, { qos })
  outbound.take(0, 0)
  outbound.unsentPosition = outbound.takenPosition
  expect(outbound[step](1)).toBe(-1)
  expect(outbound.inflight).toBe(1)
  outbound.unsentPosition = -1
  expect(outbound[step](1)).toBe(0)
})

it("what is taken and not yet sent is nothing of the next connection's", () => {
  const { outbound, enqueue } = outboundOf({}, 10)
  enqueue(7)
  outbound.take(0, 0)
  outbound.unsentPosition = outbound.takenPosition
  outbound.connected(10)
  outbound.take(0, 0)
  expect(outbound.acknowledge(1)).toBe(0)
})
