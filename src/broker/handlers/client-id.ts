import { randomUUID } from 'node:crypto'
import type { ConnectPacket } from '../../protocol/packets/connect.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'
import { ReasonCode } from '../../protocol/reason-codes.ts'
import type { Connection } from '../connection.ts'

/** Whether the client identifier is one that may be asked for. */
export function checkClientId({ terms, peer }: Connection, packet: ConnectPacket): void {
  const { protocolVersion, clientId, cleanStart } = packet
  const { allowEmptyClientId, strictMqtt31ClientIds } = terms.features
  const isStrict31 = protocolVersion === 3 && strictMqtt31ClientIds
  if (clientId === '' && protocolVersion === 3) throw notValid('MQTT 3.1 needs a client identifier')
  if (clientId === '' && protocolVersion === 4 && !cleanStart) throw notValid('an empty one needs Clean Session 1') // [MQTT311-3.1.3-8]
  if (clientId === '' && !allowEmptyClientId && !peer.isTrusted) throw notValid('a client identifier is needed here')
  if (isStrict31 && clientId.length > 23) throw notValid('an MQTT 3.1 client identifier has at most 23 characters')
}

/**
 * Which one it gets, now that it is known who it is: its own, its user name where the listener says so, or one that is
 * assigned. Throws ProtocolError when it may not have that.
 */
export function decideClientId(connection: Connection, packet: ConnectPacket): void {
  const { peer, terms } = connection
  const { clientIdPrefix } = terms.features
  if (packet.clientId === '') connection.clientId = unusedClientId(connection)
  // asked of what the client calls itself, before the user name takes its place
  if (clientIdPrefix !== undefined && !peer.isTrusted && !connection.clientId.startsWith(clientIdPrefix)) {
    throw new ProtocolError(ReasonCode.notAuthorized, `the client identifier must begin with ${clientIdPrefix}`)
  }
  if (peer.rules?.clientIdFromUser === true) connection.clientId = userNameOf(connection, packet)
}

/** As the certificate or the authenticator has it, or else as the client says. */
function userNameOf({ user }: Connection, { userName }: ConnectPacket): string {
  const name = user ?? userName
  if (name !== undefined && name !== '') return name
  throw new ProtocolError(ReasonCode.notAuthorized, 'the user name is the client identifier here, and there is none')
}

/** Client identifiers are assigned at random, and not one that a stored session has. [MQTT5-3.2.2-16] */
function unusedClientId({ core, terms }: Connection): string {
  for (;;) {
    const clientId = `${terms.features.assignedClientIdPrefix}${randomUUID()}`
    if (core.sessions.get(clientId) === undefined) return clientId
  }
}

function notValid(message: string): ProtocolError {
  return new ProtocolError(ReasonCode.clientIdentifierNotValid, message)
}
