import { ByteReader, protocolError } from '../../protocol/byte-reader.ts'
import { decodeDisconnect } from '../../protocol/packets/disconnect.ts'
import { ReasonCode } from '../../protocol/reason-codes.ts'
import type { Connection } from '../connection.ts'

/** DISCONNECT: only reason 0x00 deletes the will; 5.0 clients may change how long the session is kept. Section 3.14. */
export function handleDisconnect(connection: Connection, bytes: Uint8Array, bodyStart: number, end: number): void {
  const packet = decodeDisconnect(new ByteReader(bytes, bodyStart, end), connection.protocolVersion)
  const { sessionExpiryInterval } = packet.properties
  const { session, core } = connection
  if (sessionExpiryInterval !== undefined && session !== undefined) {
    // what the client asked for at CONNECT decides, not what it was granted
    if (connection.requestedExpirySeconds === 0 && sessionExpiryInterval > 0) {
      throw protocolError('a session that was to end with its connection cannot be given an expiry')
    }
    session.expirySeconds = Math.min(sessionExpiryInterval, core.limits.maximumSessionExpirySeconds)
  }
  core.log.info({ clientId: connection.clientId, address: connection.peer.address }, 'client disconnected')
  connection.clientLeft(packet.reasonCode !== ReasonCode.success) // [MQTT5-3.14.4-3]
}
