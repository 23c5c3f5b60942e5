import type { AuthenticationOutcome } from '../../contracts/authenticator.ts'
import { ByteReader } from '../../protocol/byte-reader.ts'
import { encodeConnack } from '../../protocol/packets/connack.ts'
import { type ConnectPacket, decodeConnect, decodeConnectHeader } from '../../protocol/packets/connect.ts'
import type { ProtocolVersion } from '../../protocol/packet-types.ts'
import type { Properties } from '../../protocol/properties.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'
import { connectReturnCode, ReasonCode, reasonCodeName } from '../../protocol/reason-codes.ts'
import { InboundTopicAliases, OutboundTopicAliases } from '../../session/topic-aliases.ts'
import { topicNameFault } from '../../topics/topic-syntax.ts'
import type { Connection } from '../connection.ts'
import { explained } from '../explained.ts'
import { askInOrder } from '../hooks/ask-in-order.ts'
import { nothing } from '../hooks/hooked-authorizer.ts'
import { largestPacket } from '../listener-terms.ts'
import { type OpenedSession, openSession } from '../open-session.ts'
import { checkClientId, decideClientId } from './client-id.ts'
import { authenticate } from './handle-auth.ts'

/** A remaining length of four bytes allows no larger one. */
const LARGEST_PACKET = 268_435_460

/** CONNECT: read, check, authenticate, open the session, answer. Each step has its own way out. */
export function handleConnect(connection: Connection, bytes: Uint8Array, bodyStart: number, end: number): void {
  connection.hasSentConnect = true
  const reader = new ByteReader(bytes, bodyStart, end)
  const header = decodeConnectHeader(reader)
  if (header === undefined) {
    connection.protocolVersion = formOfUnknownLevel(reader)
    throw new ProtocolError(ReasonCode.unsupportedProtocolVersion, 'the protocol level is none of 3 (MQIsdp), 4 and 5')
  }
  connection.protocolVersion = header.protocolVersion
  const spoken = connection.peer.rules?.protocolVersions
  if (spoken !== undefined && !spoken.includes(header.protocolVersion)) {
    throw new ProtocolError(ReasonCode.unsupportedProtocolVersion, 'this version of MQTT is not spoken here')
  }
  const packet = decodeConnect(reader, header)
  adopt(connection, packet)
  connection.state = 'authenticating'
  checkClientId(connection, packet)
  checkKeepAlive(connection, packet)
  checkWill(connection, packet)
  const { userName, password, properties } = packet
  const credentials = { userName, password, data: properties.authenticationData }
  authenticate(connection, 'connect', credentials, (outcome) => authenticated(connection, packet, outcome))
}

/** An unknown level is answered in the form its CONNECT is written in: only one of the two can be read to its end. */
function formOfUnknownLevel(reader: ByteReader): ProtocolVersion {
  try {
    decodeConnect(reader, { protocolVersion: 5, isBridge: false })
    return 5
  } catch {
    return 4
  }
}

/** Takes over what the client said of itself; none of it has effect outside the connection yet. */
function adopt(connection: Connection, packet: ConnectPacket): void {
  const { limits } = connection.terms
  const { properties } = packet
  connection.clientId = packet.clientId
  connection.isBridge = packet.isBridge
  connection.will = undefined
  connection.maximumPacketBytes = properties.maximumPacketSize ?? Infinity
  connection.wantsProblemInformation = properties.requestProblemInformation !== 0
  connection.requestedExpirySeconds = properties.sessionExpiryInterval ?? 0
  connection.authenticationMethod = properties.authenticationMethod
  connection.keepAlive = isKeepAliveCapped(connection, packet) ? limits.maximumKeepAliveSeconds : packet.keepAlive
  const aliases = Math.min(properties.topicAliasMaximum ?? 0, limits.outboundTopicAliasMaximum)
  connection.inboundAliases =
    packet.protocolVersion === 5 ? new InboundTopicAliases(limits.topicAliasMaximum) : undefined
  connection.outboundAliases = aliases === 0 ? undefined : new OutboundTopicAliases(aliases)
}

/** Only 5.0 clients can be told of another keep alive, so only theirs is changed. [MQTT5-3.2.2-21] */
function isKeepAliveCapped(connection: Connection, packet: ConnectPacket): boolean {
  return packet.protocolVersion === 5 && isKeepAliveTooLong(connection, packet)
}

function isKeepAliveTooLong(connection: Connection, packet: ConnectPacket): boolean {
  const { maximumKeepAliveSeconds } = connection.terms.limits
  if (maximumKeepAliveSeconds === 0) return false
  if (connection.peer.transport === 'in-process') return false // it cannot be gone without a word
  return packet.keepAlive === 0 || packet.keepAlive > maximumKeepAliveSeconds
}

/** Others cannot be told: they keep theirs, or are refused. */
function checkKeepAlive(connection: Connection, packet: ConnectPacket): void {
  const { limits, features } = connection.terms
  if (packet.protocolVersion === 5 || features.mqtt3LongKeepAlive === 'keep') return
  if (!isKeepAliveTooLong(connection, packet)) return
  const message = `the keep alive is longer than ${limits.maximumKeepAliveSeconds} seconds`
  throw new ProtocolError(ReasonCode.clientIdentifierNotValid, message)
}

function checkWill(connection: Connection, packet: ConnectPacket): void {
  const { will } = packet
  if (will === undefined) return
  const { features, limits } = connection.terms
  const fault = topicNameFault(will.topicName, limits.maximumTopicLevels)
  if (fault !== undefined) throw new ProtocolError(ReasonCode.topicNameInvalid, `will topic: ${fault}`)
  const { responseTopic } = will.properties
  if (responseTopic !== undefined && topicNameFault(responseTopic, limits.maximumTopicLevels) !== undefined) {
    throw new ProtocolError(ReasonCode.protocolError, 'the response topic of the will is no topic name')
  }
  if (limits.maximumPayloadBytes > 0 && will.payload.length > limits.maximumPayloadBytes) {
    // 3.x has no code for it; closing without one would be taken for a fault of the network
    const reasonCode = packet.protocolVersion === 5 ? ReasonCode.packetTooLarge : ReasonCode.notAuthorized
    throw new ProtocolError(reasonCode, 'the payload of the will is above maximumPayloadBytes')
  }
  if (will.qos > features.maximumQos)
    throw new ProtocolError(ReasonCode.qosNotSupported, 'will QoS is above Maximum QoS') // [MQTT5-3.2.2-12]
  if (will.retain && !features.retainAvailable) throw new ProtocolError(ReasonCode.retainNotSupported, 'retain is off') // [MQTT5-3.2.2-13]
}

function authenticated(connection: Connection, packet: ConnectPacket, outcome: AuthenticationOutcome): void {
  if (outcome.result === 'refused') {
    refuseConnect(connection, outcome.reasonCode as ReasonCode, outcome.reasonString ?? 'refused by the authenticator')
    return
  }
  if (outcome.result !== 'accepted') throw new Error(`the authenticator answered ${JSON.stringify(outcome)}`)
  connection.user = outcome.user
  decideClientId(connection, packet)
  const { hooks } = connection.core
  const onConnect = hooks.of('onConnect')
  if (onConnect === undefined || connection.peer.isTrusted) {
    open(connection, packet, outcome.data)
    return
  }
  connection.wait<false | undefined>(
    (then) =>
      askInOrder<(typeof onConnect)[number], false>(
        onConnect,
        (hook) => nothing(hook.onConnect(connection.info)),
        (hook, error) => {
          hooks.failed(hook, 'onConnect', error)
          return false
        },
        then,
      ),
    (refused) => {
      if (refused === false) refuseConnect(connection, ReasonCode.notAuthorized, 'refused by a hook')
      else open(connection, packet, outcome.data)
    },
  )
}

function open(connection: Connection, packet: ConnectPacket, data: Uint8Array | undefined): void {
  if (connection.accessChanges !== connection.core.accessChanges) {
    refuseConnect(connection, ReasonCode.serverUnavailable, 'users or certificates have changed; connect again')
    return
  }
  const opened = openSession(connection, packet)
  const answer = (): void => acknowledge(connection, packet, opened, data)
  if (opened.commit <= connection.core.journal.durable) answer()
  else whenDurable(connection, opened.commit, answer)
}

/** The session it found or made is durable before CONNACK says so; what the client sends meanwhile waits. */
function whenDurable(connection: Connection, commit: number, answer: () => void): void {
  const { journal } = connection.core
  connection.hold()
  const waiter = {
    committed: (durable: number): void => {
      if (durable < commit) return
      journal.forget(waiter)
      connection.run(answer)
      connection.release()
    },
    commitFailed: (failed: number): void => {
      if (failed < commit) return
      journal.forget(waiter)
      if (connection.isOpen) refuseConnect(connection, ReasonCode.serverUnavailable, 'the store failed')
    },
  }
  journal.wait(waiter)
}

function acknowledge(
  connection: Connection,
  packet: ConnectPacket,
  opened: OpenedSession,
  data: Uint8Array | undefined,
): void {
  const { core, protocolVersion } = connection
  const properties = protocolVersion === 5 ? connackProperties(connection, packet, opened, data) : {}
  const sessionPresent = opened.isPresent && protocolVersion !== 3 // the byte is reserved in 3.1
  const connack = encodeConnack({ sessionPresent, reasonCode: 0, properties }, protocolVersion)
  if (connack.length > connection.maximumPacketBytes) {
    refuseConnect(connection, ReasonCode.packetTooLarge, 'Maximum Packet Size leaves no room for CONNACK')
    return
  }
  connection.state = 'connected'
  connection.will = packet.will // [MQTT5-3.1.2-7]
  connection.reader.maximumPacketBytes = largestPacket(connection.peer, connection.terms.limits.maximumPacketBytes)
  core.counters.connectionsAccepted++
  connection.startKeepAlive()
  connection.send(connack) // before anything else [MQTT5-3.2.0-1]
  core.sessions.activate(opened.session, connection)
  core.log.info(
    {
      clientId: connection.clientId,
      user: connection.user,
      address: connection.peer.address,
      version: protocolVersion,
      sessionPresent: opened.isPresent,
    },
    'client connected',
  )
  core.emit('connected', connection.info, { sessionPresent: opened.isPresent })
  connection.pump()
  core.replays.continue(opened.session)
}

function connackProperties(
  connection: Connection,
  packet: ConnectPacket,
  { session }: OpenedSession,
  authenticationData: Uint8Array | undefined,
): Properties {
  const { limits, features } = connection.terms
  const { authenticationMethod } = connection
  return {
    ...(session.expirySeconds !== connection.requestedExpirySeconds && {
      sessionExpiryInterval: session.expirySeconds,
    }),
    ...(packet.clientId === '' && { assignedClientIdentifier: connection.clientId }), // [MQTT5-3.1.3-7]
    ...(isKeepAliveCapped(connection, packet) && { serverKeepAlive: connection.keepAlive }),
    ...(authenticationMethod !== undefined && { authenticationMethod }),
    ...(authenticationData !== undefined && { authenticationData }),
    ...(limits.receiveMaximum < 65_535 && { receiveMaximum: limits.receiveMaximum }),
    ...(limits.topicAliasMaximum > 0 && { topicAliasMaximum: limits.topicAliasMaximum }),
    ...(features.maximumQos < 2 && { maximumQos: features.maximumQos }),
    ...(!features.retainAvailable && { retainAvailable: 0 }),
    ...(limits.maximumPacketBytes < LARGEST_PACKET && { maximumPacketSize: limits.maximumPacketBytes }),
    ...(!features.wildcardSubscriptionAvailable && { wildcardSubscriptionAvailable: 0 }),
    ...(!features.subscriptionIdentifiersAvailable && { subscriptionIdentifiersAvailable: 0 }),
    ...(!features.sharedSubscriptionAvailable && { sharedSubscriptionAvailable: 0 }),
  }
}

/** Refuses a CONNECT: CONNACK with an error where the version has one for it, then the end. No DISCONNECT. [MQTT5-3.14.0-1] */
export function refuseConnect(connection: Connection, reasonCode: ReasonCode, reasonString: string): void {
  const { core, clientId, peer } = connection
  const reason = reasonCodeName(reasonCode)
  core.refused(`${reason} ${peer.address}`, {
    address: peer.address,
    port: peer.port,
    clientId,
    reason,
    detail: reasonString,
  })
  const packet = connection.hasSentConnect ? refusal(connection, reasonCode, reasonString) : undefined
  if (packet !== undefined) connection.send(packet)
  connection.refused()
}

function refusal(connection: Connection, reasonCode: ReasonCode, reasonString: string): Uint8Array | undefined {
  const { protocolVersion, state } = connection
  if (protocolVersion !== 5) {
    const returnCode = connectReturnCode(reasonCode)
    if (returnCode === undefined) return undefined // [MQTT311-3.2.2-6]
    return encodeConnack({ sessionPresent: false, reasonCode: returnCode, properties: {} }, protocolVersion)
  }
  // the client's Maximum Packet Size is known only once its CONNECT could be read
  const known = state === 'authenticating' ? reasonString : undefined
  return explained(connection, 'connack', known, (properties) =>
    encodeConnack({ sessionPresent: false, reasonCode, properties }, 5),
  )
}
