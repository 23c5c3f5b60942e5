import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/session/delivery.ts'
import { NEVER_EXPIRES, Session } from '../../src/session/session.ts'
import { deliveryOf } from './outbound-model.ts'

const limits = { maximumQueuedMessages: 1, maximumQueuedBytes: 100, queueFullPolicy: 'drop-newest' } as const

describe('Session', () => {
  it('begins with nothing', () => {
    const session = new Session<object>('id', 'user', limits, () => {})
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
    const dropped: [Delivery, string][] = []
    const session = new Session<object>('id', undefined, limits, (delivery, reason) => dropped.push([delivery, reason]))
    const [first, second] = [deliveryOf({}), deliveryOf({})]
    session.outbound.enqueue(first)
    session.outbound.enqueue(second)
    expect(dropped).toEqual([[second, 'queue-full']])
    expect(NEVER_EXPIRES).toBe(4_294_967_295)
  })
})
