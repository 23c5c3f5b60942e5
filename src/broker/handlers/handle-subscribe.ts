import { type AccessAnswer, grants } from '../../contracts/authorizer.ts'
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
  authorizeAll(connection, packet, (answers) => subscribeAll(connection, packet, answers))
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
  decided: (answers: readonly AccessAnswer[]) => void,
): void {
  const { core } = connection
  const { epoch } = core.authorizer
  if (core.authorizer.allowsAll('subscribe')) {
    decided(packet.subscriptions.map(() => true))
    return
  }
  const answers: AccessAnswer[] = []
  let outstanding = packet.subscriptions.length
  connection.wait<readonly AccessAnswer[]>(
    (then) => {
      for (const [index, { topicFilter, qos }] of packet.subscriptions.entries()) {
        const answered = (answer: AccessAnswer): void => {
          if (answers[index] !== undefined) return
          answers[index] = answer
          if (--outstanding === 0) then(answers)
        }
        const answer = core.authorizer.authorize(connection, { action: 'subscribe', topicFilter, qos }, answered)
        if (answer !== undefined) answered(answer)
      }
    },
    (all) => {
      // rights may have changed while somebody thought
      if (core.authorizer.epoch === epoch) decided(all)
      else authorizeAll(connection, packet, decided)
    },
  )
}

function subscribeAll(connection: Connection, packet: SubscribePacket, answers: readonly AccessAnswer[]): void {
  const { core, protocolVersion } = connection
  const session = connection.session as ClientSession
  const identifier = packet.properties.subscriptionIdentifiers?.[0] ?? 0
  const replayed: ClientSubscription[] = []
  let commit = 0
  const refusals = refusalsOf(connection, session, packet, identifier, answers)
  const reasonCodes = packet.subscriptions.map((request, index) => {
    const refusal = refusals[index]
    if (refusal !== undefined) return protocolVersion === 5 ? refusal : FAILURE
    const granted = grant(connection, request, answers[index])
    const before = session.subscriptions.size
    const subscription = core.subscriptions.add(session, granted, identifier, isByHook(answers[index]))
    if (session.isDurable) {
      commit = core.keep({
        kind: 'subscribed',
        session: session.number,
        topicFilter: request.topicFilter,
        options: subscriptionOptions(granted),
        subscriptionIdentifier: identifier === 0 ? undefined : identifier,
      })
    }
    if (wantsRetained(request, session.subscriptions.size > before)) replayed.push(subscription)
    return granted.qos
  })
  logRefusals(connection, packet, refusals)
  tell(connection, packet, reasonCodes)
  const { packetId } = packet
  const suback = explained(connection, 'acknowledgement', refusalReason(packet, reasonCodes), (properties) =>
    encodeSubscriptionResponse({ type: 'suback', packetId, properties, reasonCodes }, protocolVersion),
  )
  if (suback !== undefined) connection.responses.packet(suback, commit)
  core.replays.start(session, replayed)
  connection.pump() // a shared subscription may have messages waiting
}

/** What is granted of a request; a 3.x bridge cannot ask for the options of 5.0 but is given those it relies on. */
function grant(
  { terms, isBridge }: Connection,
  request: SubscriptionRequest,
  answer: AccessAnswer | undefined,
): SubscriptionRequest {
  const allowed = typeof answer === 'object' ? answer.maximumQos : 2
  const qos = Math.min(request.qos, terms.features.maximumQos, allowed) as 0 | 1 | 2
  if (isBridge) return { ...request, qos, noLocal: true, retainAsPublished: true }
  return qos === request.qos ? request : { ...request, qos }
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
  answers: readonly AccessAnswer[],
): readonly (number | undefined)[] {
  const mayGetFull =
    session.subscriptions.size + packet.subscriptions.length > connection.terms.limits.maximumSubscriptionsPerSession
  const held = mayGetFull ? new Set(session.subscriptions.keys()) : undefined
  const refusals = packet.subscriptions.map((request, index) => {
    const refusal = refusalOf(connection, held, request, identifier, isYes(answers[index]))
    if (refusal === undefined) held?.add(request.topicFilter)
    if (refusal === ReasonCode.notAuthorized) connection.core.denials.subscribe(connection, request.topicFilter)
    return refusal
  })
  if (connection.protocolVersion === 3 && refusals.some((refusal) => refusal !== undefined)) {
    // 3.1 has no failure code: saying it was granted would be a lie
    throw protocolError('a subscription is refused, which MQTT 3.1 cannot say')
  }
  return refusals
}

/** Why a subscription is not made, as a SUBACK reason code of 5.0. `held`: the filters so far, where they may be too many. */
function refusalOf(
  connection: Connection,
  held: ReadonlySet<string> | undefined,
  request: SubscriptionRequest,
  identifier: number,
  isAllowed: boolean,
): number | undefined {
  const { features, limits } = connection.terms
  if (!isAllowed) return ReasonCode.notAuthorized
  const isShared = request.topicFilter.startsWith(SHARE_PREFIX)
  if (isShared && !features.sharedSubscriptionAvailable) return ReasonCode.sharedSubscriptionsNotSupported
  if (identifier > 0 && !features.subscriptionIdentifiersAvailable)
    return ReasonCode.subscriptionIdentifiersNotSupported
  if (hasWildcard(request.topicFilter) && !features.wildcardSubscriptionAvailable) {
    return ReasonCode.wildcardSubscriptionsNotSupported
  }
  const shared = isShared ? parseSharedFilter(request.topicFilter) : undefined
  if (hasMoreLevels(shared?.topicFilter ?? request.topicFilter, limits.maximumTopicLevels))
    return ReasonCode.topicFilterInvalid
  if (held === undefined || held.has(request.topicFilter)) return undefined
  return held.size >= limits.maximumSubscriptionsPerSession ? ReasonCode.quotaExceeded : undefined
}

/** Of a refused topic filter, in a Reason String. */
const SHOWN_CHARACTERS = 100

function refusalReason(packet: SubscribePacket, reasonCodes: readonly number[]): string | undefined {
  const first = reasonCodes.findIndex((code) => code >= 0x80)
  const reasonCode = reasonCodes[first]
  if (reasonCode === undefined) return undefined
  return `${packet.subscriptions[first]?.topicFilter.slice(0, SHOWN_CHARACTERS)}: ${reasonCodeName(reasonCode)}`
}

function tell(connection: Connection, packet: SubscribePacket, reasonCodes: readonly number[]): void {
  const { core } = connection
  if (core.events.listenerCount('subscribed') === 0) return
  const { info } = connection
  for (const [index, { topicFilter }] of packet.subscriptions.entries()) {
    const reasonCode = reasonCodes[index] as number
    if (reasonCode < 3) core.emit('subscribed', info, { topicFilter, qos: reasonCode as 0 | 1 | 2 })
  }
}

/** One line a packet, however many filters it holds. Those refused for want of rights are told of elsewhere. */
function logRefusals(
  { core, clientId }: Connection,
  packet: SubscribePacket,
  refusals: readonly (number | undefined)[],
): void {
  const first = refusals.findIndex(isForOtherReason)
  if (first < 0) return
  const refused = refusals.filter(isForOtherReason).length
  const topicFilter = packet.subscriptions[first]?.topicFilter
  core.log.info({ clientId, refused, topicFilter, reasonCode: refusals[first] }, 'subscription refused')
}

function isForOtherReason(code: number | undefined): boolean {
  return code !== undefined && code !== ReasonCode.notAuthorized
}

function isYes(answer: AccessAnswer | undefined): boolean {
  return answer !== undefined && grants(answer, 0)
}

function isByHook(answer: AccessAnswer | undefined): true | undefined {
  return typeof answer === 'object' ? answer.isByHook : undefined
}
