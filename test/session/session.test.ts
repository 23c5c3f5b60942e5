import { describe, expect, it } from 'vitest'
import type { Owed } from '../../src/session/delivery.ts'
import { NEVER_EXPIRES, Session } from '../../src/session/session.ts'
import { deliveryOf } from './outbound-model.ts'

const limits = {
  maximumQueuedMessages: 1,
  queueCountsInflight: true,
  maximumQueuedBytes: 100,
  maximumInflightBytes: 0,
  maximumQueuedAgeSeconds: 0,
  maximumQueuedMessagesTotal: 0,
  maximumQueuedBytesTotal: 0,
  queueFullPolicy: 'drop-newest',
} as const
const noTotals = () => ({ queuedMessages: 0, queuedBytes: 0 })

describe('Session', () => {
  it('begins with nothing', () => {
    const session = new Session<object>('id', 'user', limits, noTotals(), () => {})
    expect(session).toMatchObject({
      clientId: 'id',
      user: 'user',
      link: undefined,
      expirySeconds: 0,
      isEnded: false,
      isDurable: false,
    })
    expect([session.subscriptions.size, session.inboundIds.size, session.outbound.pending]).toEqual([0, 0, 0])
  })

  it('its queue keeps the limits it is given and tells what it drops', () => {
    const dropped: [Owed, string][] = []
    const session = new Session<object>('id', undefined, limits, noTotals(), (owed, reason) => {
      dropped.push([owed, reason])
    })
    const [first, second] = [deliveryOf({}), deliveryOf({})]
    session.outbound.enqueue(first, false)
    session.outbound.enqueue(second, false)
    expect(dropped).toEqual([[second, 'queue-full']])
    expect(NEVER_EXPIRES).toBe(4_294_967_295)
  })
})
