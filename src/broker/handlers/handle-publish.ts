import type { Publication } from '../../contracts/hooks.ts'
import type { DropReason } from '../../contracts/statistics.ts'
import type { ApplicationMessage } from '../../protocol/application-message.ts'
import { ByteReader, malformed, protocolError } from '../../protocol/byte-reader.ts'
import { copyOf } from '../../protocol/copy-bytes.ts'
import { newApplicationMessage } from '../../protocol/new-application-message.ts'
import { decodePublish, messageExpiryInterval } from '../../protocol/packets/publish.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'
import { decodePropertyBody } from '../../protocol/properties.ts'
import { ReasonCode } from '../../protocol/reason-codes.ts'
import { encodeText } from '../../protocol/text.ts'
import type { Connection } from '../connection.ts'
import { askPublish } from '../hooks/ask-publish.ts'
import { isBrokerTopic } from '../retained-messages.ts'
import { type Route, sameBytes } from '../route.ts'
import type { ClientSession } from '../types.ts'

/**
 * PUBLISH: validate, authorise, session, deliver, acknowledge. Hot path: allocates nothing for a message that needs
 * no queue. The acknowledgement leaves last, once the broker owns the message. [MQTT5-4.3.2-4] [MQTT5-4.3.3-8]
 */
export function handlePublish(
  connection: Connection,
  bytes: Uint8Array,
  packetStart: number,
  bodyStart: number,
  end: number,
): void {
  const { core } = connection
  const message = core.inbound
  decodePublish(message, bytes, packetStart, bodyStart, end, connection.protocolVersion)
  const route = resolveTopic(connection, message)
  const { qos, retain } = message
  const { features } = connection.terms
  if (qos > features.maximumQos) throw new ProtocolError(ReasonCode.qosNotSupported, 'QoS is above Maximum QoS')
  if (retain && !features.retainAvailable) throw new ProtocolError(ReasonCode.retainNotSupported, 'retain is off')

  const session = connection.session as ClientSession
  if (qos === 2 && session.inboundIds.has(message.packetId)) {
    connection.responses.publishResponse('pubrec', message.packetId, 0, 0) // [MQTT5-4.3.3-10]
    return
  }
  if (qos > 0) checkReceiveMaximum(connection, session)
  const isAllowed = isReserved(route) ? false : connection.rights.mayPublish(connection, route, qos, retain)
  if (isAllowed === undefined) {
    // asked again when the answer is there, from a copy: the chunk does not wait
    const packet = copyOf(bytes, packetStart, end)
    connection.hold()
    connection.reader.putBack(packet)
    return
  }
  core.counters.publishReceived++
  core.counters.publishBytesReceived += message.payloadEnd - message.payloadStart
  if (!isAllowed) {
    deny(connection, route, qos, message.packetId)
    return
  }
  const { maximumPayloadBytes } = core.limits
  if (maximumPayloadBytes > 0 && message.payloadEnd - message.payloadStart > maximumPayloadBytes) {
    core.dropped('payload-too-large', connection.clientId)
    refuse(connection, qos, message.packetId, ReasonCode.packetTooLarge)
    return
  }
  message.topicBytes = route.topicBytes
  message.publisherId = connection.clientId
  message.publisherUser = connection.user
  if (message.expiryIntervalAt >= 0) message.expiresAtMs = core.time.nowMs + messageExpiryInterval(message) * 1000
  if (!core.hooks.hasOnPublish) accept(connection, session, route, message, qos, message.packetId)
  else publishPastHooks(connection, session, route, message.detach(), message.packetId)
}

/** What the hooks make of it is published under the packet identifier it came with. */
function publishPastHooks(
  connection: Connection,
  session: ClientSession,
  route: Route,
  message: ApplicationMessage,
  packetId: number,
): void {
  const { core } = connection
  const { epoch } = core.authorizer
  const { bytes, qos, retain } = message
  const publication = {
    client: connection.info,
    topicName: route.topicName,
    payload: bytes.subarray(message.payloadStart, message.payloadEnd),
    qos,
    retain,
    properties: decodePropertyBody(new ByteReader(bytes, message.propertiesStart, message.propertiesEnd), 'publish'),
  }
  connection.wait<Publication | false>(
    (then) =>
      askPublish(core.hooks, publication, (outcome) => {
        // at QoS 1 and 2 a client that left meanwhile sends it again, not having been answered
        if (!connection.isOpen && qos === 0) core.dropped('connection-lost', connection.clientId)
        then(outcome)
      }),
    (outcome) => {
      if (outcome === false) {
        core.dropped('refused-by-hook', connection.clientId)
        refuse(connection, qos, packetId)
        return
      }
      if (core.authorizer.epoch !== epoch && !isStillAllowed(connection, route, qos, retain)) {
        deny(connection, route, qos, packetId)
        return
      }
      if (outcome === publication) {
        core.router.refresh(route)
        accept(connection, session, route, message, qos, packetId)
        return
      }
      const topicBytes = encodeText(outcome.topicName)
      const changed = newApplicationMessage(outcome, connection.clientId, core.time.nowMs)
      const target = core.router.resolve(topicBytes, 0, topicBytes.length, Infinity)
      changed.topicBytes = target.topicBytes
      changed.publisherUser = connection.user
      accept(connection, session, target, changed, qos, packetId)
    },
  )
}

/** Rights have changed while a hook thought. An answer that takes longer still comes too late to refuse this one. */
function isStillAllowed(connection: Connection, route: Route, qos: number, retain: boolean): boolean {
  const answer = connection.rights.mayPublish(connection, route, qos, retain)
  if (answer === undefined) connection.hold() // the answer releases it
  return answer !== false
}

/** What the broker says of itself, nobody else says. */
function isReserved(route: Route): boolean {
  return isBrokerTopic(route.topicBytes)
}

/** Takes a message that came with `qos` and `packetId`; it may be delivered with another QoS. */
function accept(
  connection: Connection,
  session: ClientSession,
  route: Route,
  message: ApplicationMessage,
  qos: 0 | 1 | 2,
  packetId: number,
): void {
  const { core, responses } = connection
  const { strictest, level: usual } = core.durability
  // where nothing is kept, a listener cannot ask for more
  // and what leaves at QoS 2 is kept as what comes at it
  const isSettled = qos === 2 || core.upgradesQos || strictest === 'memory'
  const level = isSettled ? strictest : (route.durability ?? connection.durability ?? usual)
  if (core.admission.isAsked) {
    const refusal = core.admission.refusalOf(route, message, level, qos === 2 && session.isDurable)
    if (refusal !== undefined) {
      notAdmitted(connection, refusal, qos, packetId)
      return
    }
  }
  const outcome = core.deliverer.publish(route, message, level)
  let commit = outcome < 0 ? 0 : outcome
  if (qos === 2) {
    session.inboundIds.add(packetId)
    if (session.isDurable) {
      const record = { kind: 'inbound-id', session: session.number, packetId, held: true } as const
      commit = Math.max(commit, core.keepAt(level, record))
    }
  }
  const written = commit > 0 ? commit : core.deliverer.recorder.commit
  if (written > 0) responses.uncommitted(message.payloadEnd - message.packetStart, written)
  if (qos === 0) return
  const reasonCode = outcome < 0 ? ReasonCode.noMatchingSubscribers : ReasonCode.success
  responses.publishResponse(qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode, commit)
}

/** There is no room for it, or the store takes nothing: said before anything of it is kept. */
function notAdmitted(connection: Connection, reason: DropReason, qos: 0 | 1 | 2, packetId: number): void {
  const { core, protocolVersion, responses, terms } = connection
  core.dropped(reason, connection.clientId)
  if (qos === 0) return
  const mayAcknowledge = reason === 'queue-full' && terms.features.mqtt3RefusedPublish === 'acknowledge'
  if (protocolVersion !== 5 && !mayAcknowledge)
    connection.disconnect(ReasonCode.quotaExceeded, refusals[reason] ?? reason)
  else {
    const reasonCode = protocolVersion === 5 ? ReasonCode.quotaExceeded : ReasonCode.success
    responses.publishResponse(qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode, 0)
  }
}

const refusals: Partial<Record<DropReason, string>> = {
  'queue-full': 'the queue of a subscriber is full',
  'store-failed': 'the store takes nothing for now',
}

/** The route of the topic name or alias. Most packets have the topic of the one before. */
function resolveTopic(connection: Connection, message: ApplicationMessage): Route {
  const { bytes, topicStart, topicEnd, topicAlias } = message
  const { core, lastRoute } = connection
  let route: Route
  if (topicEnd > topicStart) {
    if (lastRoute !== undefined && sameBytes(lastRoute.topicBytes, bytes, topicStart, topicEnd)) {
      route = lastRoute
      core.router.refresh(route)
    } else connection.lastRoute = route = core.router.resolve(bytes, topicStart, topicEnd)
    if (topicAlias > 0) setAlias(connection, topicAlias, route)
    return route
  }
  if (topicAlias === 0) {
    if (connection.protocolVersion === 5) throw protocolError('an empty topic name needs a topic alias')
    throw malformed('the topic name is empty') // [MQTT311-4.7.3-1]
  }
  const aliases = connection.inboundAliases
  if (aliases === undefined || topicAlias > aliases.maximum) throw aliasInvalid()
  const known = aliases.get(topicAlias)
  if (known === undefined) throw protocolError('the topic alias is not set')
  core.router.refresh(known)
  return known
}

/** A mapping holds even when the PUBLISH that brings it is refused by policy. */
function setAlias(connection: Connection, topicAlias: number, route: Route): void {
  const aliases = connection.inboundAliases
  if (aliases === undefined || topicAlias > aliases.maximum) throw aliasInvalid() // [MQTT5-3.3.2-9]
  aliases.set(topicAlias, route)
  route.isLasting = true
}

function aliasInvalid(): ProtocolError {
  return new ProtocolError(ReasonCode.topicAliasInvalid, 'topic alias is above Topic Alias Maximum')
}

/** [MQTT5-3.3.4-7] 3.x clients are told no maximum, so none is held against them. */
function checkReceiveMaximum(connection: Connection, session: ClientSession): void {
  if (connection.protocolVersion !== 5) return
  if (session.inboundIds.size + connection.responses.unanswered < connection.terms.limits.receiveMaximum) return
  throw new ProtocolError(ReasonCode.receiveMaximumExceeded, 'more unacknowledged messages than Receive Maximum')
}

/** No right to publish there. */
function deny(connection: Connection, route: Route, qos: 0 | 1 | 2, packetId: number): void {
  connection.core.denials.publish(connection, route.topicName)
  const isClosed = connection.protocolVersion !== 5 && connection.terms.features.mqtt3RefusedPublish === 'disconnect'
  if (isClosed) connection.disconnect(ReasonCode.notAuthorized, `no right to publish to ${route.topicName}`)
  else refuse(connection, qos, packetId)
}

/** 5.0 clients are told in the acknowledgement; 3.x ones get a plain one, which has no room for it. */
function refuse(
  connection: Connection,
  qos: 0 | 1 | 2,
  packetId: number,
  why: number = ReasonCode.notAuthorized,
): void {
  if (qos === 0) return
  const reasonCode = connection.protocolVersion === 5 ? why : ReasonCode.success
  connection.responses.publishResponse(qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode, 0)
}
