import {
  type PublishResponseType,
  responsePacketId,
  responseReasonCode,
} from '../../protocol/packets/publish-response.ts'
import { ReasonCode } from '../../protocol/reason-codes.ts'
import type { Connection } from '../connection.ts'
import type { ClientSession } from '../types.ts'

/** PUBACK, PUBREC and PUBCOMP from a subscriber, PUBREL from a publisher. Sections 3.4 to 3.7. */
export function handlePublishResponse(
  connection: Connection,
  type: PublishResponseType,
  bytes: Uint8Array,
  bodyStart: number,
  end: number,
): void {
  const packetId = responsePacketId(bytes, bodyStart, end)
  const reasonCode = responseReasonCode(type, bytes, bodyStart, end, connection.protocolVersion)
  const session = connection.session as ClientSession
  switch (type) {
    case 'puback':
      return acknowledged(connection, session, packetId, reasonCode)
    case 'pubrec':
      return received(connection, session, packetId, reasonCode)
    case 'pubrel':
      return released(connection, session, packetId)
    case 'pubcomp':
      return completed(connection, session, packetId)
  }
}

/** A PUBACK that ends nothing is ignored: the client may have lost its state. */
function acknowledged(connection: Connection, session: ClientSession, packetId: number, reasonCode: number): void {
  const position = session.outbound.acknowledge(packetId)
  if (position >= 0) ended(connection, session, position, reasonCode)
}

/** PUBREC: the payload has arrived, PUBREL follows; unless the client refused it. [MQTT5-4.3.3-4] */
function received(connection: Connection, session: ClientSession, packetId: number, reasonCode: number): void {
  const { core, responses } = connection
  if (reasonCode >= 0x80) {
    const refused = session.outbound.refused(packetId)
    if (refused >= 0) ended(connection, session, refused, reasonCode)
    return
  }
  const position = session.outbound.received(packetId)
  if (position < 0) {
    responses.publishResponse('pubrel', packetId, ReasonCode.packetIdentifierNotFound, 0)
    return
  }
  const { endedSequence: sequence } = session.outbound
  const commit = session.isDurable
    ? core.keepAt(core.durability.strictest, {
        kind: 'released',
        session: session.number,
        position,
        sequence,
      })
    : 0
  responses.publishResponse('pubrel', packetId, 0, commit)
}

/** PUBREL: the identifier is free again, and PUBCOMP says so once that is durable. [MQTT5-4.3.3-11] */
function released(connection: Connection, session: ClientSession, packetId: number): void {
  const { core, responses } = connection
  if (!session.inboundIds.delete(packetId)) {
    responses.publishResponse('pubcomp', packetId, ReasonCode.packetIdentifierNotFound, 0)
    return
  }
  const commit = session.isDurable
    ? core.keepAt(core.durability.strictest, {
        kind: 'inbound-id',
        session: session.number,
        packetId,
        held: false,
      })
    : 0
  responses.publishResponse('pubcomp', packetId, 0, commit)
}

function completed(connection: Connection, session: ClientSession, packetId: number): void {
  const position = session.outbound.completed(packetId)
  if (position >= 0) ended(connection, session, position, 0)
}

/** A message has reached its client or been refused by it; the next may follow. */
function ended(connection: Connection, session: ClientSession, position: number, reasonCode: number): void {
  const { core } = connection
  core.sessions.recordDelivered(session, position, session.outbound.endedSequence)
  if (reasonCode >= 0x80) core.dropped('refused-by-client', session.clientId)
  connection.isPumpWanted = true // once for all that came in one chunk
}
