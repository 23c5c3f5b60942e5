import { ByteReader, malformed, protocolError } from '../../protocol/byte-reader.ts'
import {
  decodeSubscribe,
  type SubscribePacket,
  type SubscriptionRequest,
  subscriptionOptions,
} from '../../protocol/packets/subscribe.ts'
import { encodeSubscriptionResponse } from '../../protocol/packets/subscription-response.ts'
import { ReasonCode, reasonCodeName } from '../../protocol/reason-codes.ts'
import {
  hasMoreLevels,
  hasWildcard,
  parseSharedFilter,
  SHARE_PREFIX,
  topicFilterFault,
} from '../../topics/topic-syntax.ts'
import type { Connection } from '../connection.ts'
import { explained } from '../explained.ts'
import type { ClientSession, ClientSubscription } from '../types.ts'

/** SUBSCRIBE: check every filter before any takes effect, ask for each right, subscribe, answer, replay. Section 3.8. */
export function handleSubscribe(connection: Connection, bytes: Uint8Array, bodyStart: number, end: number): void {
  const { maximumSubscriptionsPerSession } = connection.core.limits
  const reader = new ByteReader(bytes, bodyStart, end)
  const packet = decodeSubscribe(reader, connection.protocolVersion, maximumSubscriptionsPerSession)
  for (const request of packet.subscriptions) checkFilter(request.topicFilter, request.noLocal)
  authorizeAll(connection, packet, (allowed) => subscribeAll(connection, packet, allowed))
}

/** A filter of the wrong form ends the connection, and nothing of the packet takes effect. */
export function checkFilter(filter: string, noLocal: boolean): void {
  let topicFilter = filter
  if (filter.startsWith(SHARE_PREFIX) || filter === '$share') {
    const shared = parseSharedFilter(filter)
    if (shared === undefined) throw malformed('$share needs a name without wildcards and a topic filter') // [MQTT5-4.8.2-1]
    if (noLocal) throw protocolError('No Local on a shared subscription') // [MQTT5-3.8.3-4]
    topicFilter = shared.topicFilter
  }
  const fault = topicFilterFault(topicFilter)
  if (fault !== undefined) throw malformed(fault)
}

/** Collects a right per filter; while one is outstanding this client is not read. */
function authorizeAll(
  connection: Connection,
  packet: SubscribePacket,
  decided: (allowed: readonly boolean[]) => void,
): void {
  const allowed: boolean[] = []
  let outstanding = packet.subscriptions.length
  let isHeld = false
  const answered = (index: number, isAllowed: boolean): void => {
    if (allowed[index] !== undefined) return
    allowed[index] = isAllowed
    if (--outstanding > 0 || !isHeld) return
    connection.run(() => decided(allowed))
    connection.release()
  }
  for (const [index, { topicFilter, qos }] of packet.subscriptions.entries()) {
    const access = { action: 'subscribe', topicFilter, qos } as const
    const answer = connection.core.authorizer.authorize(connection, access, (isAllowed) => answered(index, isAllowed))
    if (answer !== undefined) answered(index, answer)
  }
  if (outstanding === 0) {
    decided(allowed)
    return
  }
  isHeld = true
  connection.hold()
}

function subscribeAll(connection: Connection, packet: SubscribePacket, allowed: readonly boolean[]): void {
  const { core, protocolVersion } = connection
  const session = connection.session as ClientSession
  const identifier = packet.properties.subscriptionIdentifiers?.[0] ?? 0
  const replayed: ClientSubscription[] = []
  let commit = 0
  const refusals = refusalsOf(connection, session, packet, identifier, allowed)
  const reasonCodes = packet.subscriptions.map((request, index) => {
    const refusal = refusals[index]
    if (refusal !== undefined) return protocolVersion === 5 ? refusal : FAILURE
    const granted = grant(connection, request)
    const isNew = !session.subscriptions.has(request.topicFilter)
    const subscription = core.subscriptions.add(session, granted, identifier)
    if (session.isDurable) {
      commit = core.journal.append({
        kind: 'subscribed',
        clientId: session.clientId,
        topicFilter: request.topicFilter,
        options: subscriptionOptions(granted),
        subscriptionIdentifier: identifier === 0 ? undefined : identifier,
      })
    }
    if (wantsRetained(request, isNew)) replayed.push(subscription)
    return granted.qos
  })
  logRefusals(connection, packet, reasonCodes)
  const { packetId } = packet
  const suback = explained(connection, 'acknowledgement', refusalReason(packet, reasonCodes), (properties) =>
    encodeSubscriptionResponse({ type: 'suback', packetId, properties, reasonCodes }, protocolVersion),
  )
  if (suback !== undefined) connection.responses.packet(suback, commit)
  core.replays.start(session, replayed)
  connection.pump() // a shared subscription may have messages waiting
}

/** What is granted of a request; a 3.x bridge cannot ask for the options of 5.0 but is given those it relies on. */
function grant({ core, isBridge }: Connection, request: SubscriptionRequest): SubscriptionRequest {
  const qos = Math.min(request.qos, core.features.maximumQos) as 0 | 1 | 2
  return isBridge ? { ...request, qos, noLocal: true, retainAsPublished: true } : { ...request, qos }
}

/** [MQTT5-3.3.1-9] [MQTT5-3.3.1-10] [MQTT5-3.3.1-11]; a shared subscription gets none. */
function wantsRetained(request: SubscriptionRequest, isNew: boolean): boolean {
  if (request.topicFilter.startsWith(SHARE_PREFIX)) return false
  return request.retainHandling === 0 || (request.retainHandling === 1 && isNew)
}

/** The one failure code of a 3.1.1 SUBACK. [MQTT311-3.9.3-2] */
const FAILURE = 0x80

/** A reason code for each subscription that is not made, before any is. */
function refusalsOf(
  connection: Connection,
  session: ClientSession,
  packet: SubscribePacket,
  identifier: number,
  allowed: readonly boolean[],
): readonly (number | undefined)[] {
  const held = new Set(session.subscriptions.keys())
  const refusals = packet.subscriptions.map((request, index) => {
    const refusal = refusalOf(connection, held, request, identifier, allowed[index] === true)
    if (refusal === undefined) held.add(request.topicFilter)
    return refusal
  })
  if (connection.protocolVersion === 3 && refusals.some((refusal) => refusal !== undefined)) {
    // 3.1 has no failure code: saying it was granted would be a lie
    throw protocolError('a subscription is refused, which MQTT 3.1 cannot say')
  }
  return refusals
}

/** Why a subscription is not made, as a SUBACK reason code of 5.0. */
function refusalOf(
  connection: Connection,
  held: ReadonlySet<string>,
  request: SubscriptionRequest,
  identifier: number,
  isAllowed: boolean,
): number | undefined {
  const { features, limits } = connection.core
  if (!isAllowed) return ReasonCode.notAuthorized
  const isShared = request.topicFilter.startsWith(SHARE_PREFIX)
  if (isShared && !features.sharedSubscriptionAvailable) return ReasonCode.sharedSubscriptionsNotSupported
  if (identifier > 0 && !features.subscriptionIdentifiersAvailable)
    return ReasonCode.subscriptionIdentifiersNotSupported
  if (hasWildcard(request.topicFilter) && !features.wildcardSubscriptionAvailable) {
    return ReasonCode.wildcardSubscriptionsNotSupported
  }
  const topicFilter =
    (isShared ? parseSharedFilter(request.topicFilter)?.topicFilter : undefined) ?? request.topicFilter
  if (hasMoreLevels(topicFilter, limits.maximumTopicLevels)) return ReasonCode.topicFilterInvalid
  const isNew = !held.has(request.topicFilter)
  if (isNew && held.size >= limits.maximumSubscriptionsPerSession) return ReasonCode.quotaExceeded
  return undefined
}

/** Of a refused topic filter, in a Reason String. */
const SHOWN_CHARACTERS = 100

function refusalReason(packet: SubscribePacket, reasonCodes: readonly number[]): string | undefined {
  const first = reasonCodes.findIndex((code) => code >= 0x80)
  const reasonCode = reasonCodes[first]
  if (reasonCode === undefined) return undefined
  return `${packet.subscriptions[first]?.topicFilter.slice(0, SHOWN_CHARACTERS)}: ${reasonCodeName(reasonCode)}`
}

/** One line a packet, however many filters it holds. */
function logRefusals(connection: Connection, packet: SubscribePacket, reasonCodes: readonly number[]): void {
  const first = reasonCodes.findIndex((code) => code >= 0x80)
  if (first < 0) return
  const { core, clientId } = connection
  const refused = reasonCodes.filter((code) => code >= 0x80).length
  const fields = {
    clientId,
    refused,
    topicFilter: packet.subscriptions[first]?.topicFilter,
    reasonCode: reasonCodes[first],
  }
  core.log.info(fields, 'subscription refused')
}
