import { ByteReader } from '../../protocol/byte-reader.ts'
import { encodeSubscriptionResponse } from '../../protocol/packets/subscription-response.ts'
import { decodeUnsubscribe } from '../../protocol/packets/unsubscribe.ts'
import { ReasonCode } from '../../protocol/reason-codes.ts'
import type { Connection } from '../connection.ts'
import { explained } from '../explained.ts'
import type { ClientSession } from '../types.ts'
import { checkFilter } from './handle-subscribe.ts'

/** UNSUBSCRIBE: filters are compared character by character. Messages under way are finished. Section 3.10. */
export function handleUnsubscribe(connection: Connection, bytes: Uint8Array, bodyStart: number, end: number): void {
  const { core, protocolVersion } = connection
  const session = connection.session as ClientSession
  const { maximumSubscriptionsPerSession } = core.limits
  const packet = decodeUnsubscribe(
    new ByteReader(bytes, bodyStart, end),
    protocolVersion,
    maximumSubscriptionsPerSession,
  )
  for (const topicFilter of packet.topicFilters) checkFilter(topicFilter, false)
  let commit = 0
  const reasonCodes = packet.topicFilters.map((topicFilter) => {
    if (!core.subscriptions.remove(session, topicFilter)) return ReasonCode.noSubscriptionExisted // [MQTT5-3.10.4-5]
    if (session.isDurable) commit = core.keep({ kind: 'unsubscribed', session: session.number, topicFilter })
    core.emit('unsubscribed', connection.info, { topicFilter })
    return ReasonCode.success
  })
  const { packetId } = packet
  const unsuback = explained(connection, 'acknowledgement', undefined, (properties) =>
    encodeSubscriptionResponse({ type: 'unsuback', packetId, properties, reasonCodes }, protocolVersion),
  )
  if (unsuback !== undefined) connection.responses.packet(unsuback, commit)
}
