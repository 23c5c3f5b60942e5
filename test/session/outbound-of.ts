import { Outbound } from '../../src/session/outbound.ts'
import type { OutboundLimits, QueueDropReason } from '../../src/session/queue-bounds.ts'
import { deliveryOf } from './outbound-model.ts'

const roomy: OutboundLimits = {
  maximumQueuedMessages: 1e6,
  queueCountsInflight: true,
  maximumQueuedBytes: 1e12,
  maximumInflightBytes: 0,
  maximumQueuedAgeSeconds: 0,
  maximumQueuedMessagesTotal: 0,
  maximumQueuedBytesTotal: 0,
  queueFullPolicy: 'drop-oldest',
}
/** Four rounds of identifiers. */
export const WINDOW = 4 * 65_535

/** An outbound queue whose deliveries are told apart by their size: `enqueue(7)` queues one of seven bytes. */
export function outboundOf(limits: Partial<OutboundLimits> = {}, sendQuota = 0) {
  const dropped: [byteSize: number, reason: QueueDropReason][] = []
  const totals = { queuedMessages: 0, queuedBytes: 0 }
  const outbound = new Outbound({ ...roomy, ...limits }, totals, (owed, reason) =>
    dropped.push([owed.byteSize, reason]),
  )
  if (sendQuota > 0) outbound.connected(sendQuota)
  return {
    outbound,
    dropped,
    totals,
    enqueue: (byteSize: number, parts: Parameters<typeof deliveryOf>[0] = {}) => {
      return outbound.enqueue(deliveryOf({ byteSize, ...parts }), false)
    },
  }
}

/** Everything that can be taken now, as text: `publish 1:7` is packet identifier 1 and seven bytes, `!` is DUP. */
export function takeAll(outbound: Outbound, nowMs = 0, durableCommit = 0): string[] {
  const taken: string[] = []
  for (;;) {
    const kind = outbound.take(nowMs, durableCommit)
    if (kind === 'nothing') return taken
    const size = kind === 'pubrel' ? '' : `:${outbound.takenDelivery?.byteSize}${outbound.takenDup ? '!' : ''}`
    taken.push(`${kind} ${outbound.takenPacketId}${size}`)
  }
}
