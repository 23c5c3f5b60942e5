import { malformed, protocolError } from '../protocol/byte-reader.ts'
import { PacketType, requiredFlags } from '../protocol/packet-types.ts'
import type { Connection } from './connection.ts'
import { handleAuth } from './handlers/handle-auth.ts'
import { handleConnect } from './handlers/handle-connect.ts'
import { handleDisconnect } from './handlers/handle-disconnect.ts'
import { handlePublishResponse } from './handlers/handle-publish-response.ts'
import { handleSubscribe } from './handlers/handle-subscribe.ts'
import { handleUnsubscribe } from './handlers/handle-unsubscribe.ts'

const pingresp = Uint8Array.of(PacketType.pingresp << 4, 0)

/** Hands a packet of a connected client to its handler; PUBLISH has gone its shorter way before. */
export function dispatchControl(
  connection: Connection,
  type: number,
  flags: number,
  bytes: Uint8Array,
  bodyStart: number,
  end: number,
): void {
  checkFlags(connection, type, flags)
  switch (type) {
    case PacketType.puback:
      return handlePublishResponse(connection, 'puback', bytes, bodyStart, end)
    case PacketType.pubrec:
      return handlePublishResponse(connection, 'pubrec', bytes, bodyStart, end)
    case PacketType.pubrel:
      return handlePublishResponse(connection, 'pubrel', bytes, bodyStart, end)
    case PacketType.pubcomp:
      return handlePublishResponse(connection, 'pubcomp', bytes, bodyStart, end)
    case PacketType.subscribe:
      return handleSubscribe(connection, bytes, bodyStart, end)
    case PacketType.unsubscribe:
      return handleUnsubscribe(connection, bytes, bodyStart, end)
    case PacketType.pingreq:
      if (bodyStart !== end) throw malformed('PINGREQ has no body')
      return connection.send(pingresp) // [MQTT5-3.12.4-1]
    case PacketType.disconnect:
      return handleDisconnect(connection, bytes, bodyStart, end)
    case PacketType.auth:
      return handleAuth(connection, bytes, bodyStart, end)
    case PacketType.connect:
      throw protocolError('CONNECT came twice') // [MQTT5-3.1.0-2]
    case 0:
      throw malformed('packet type 0 is forbidden')
    default:
      throw protocolError('only a server sends this packet')
  }
}

export function dispatchBeforeConnected(
  connection: Connection,
  type: number,
  flags: number,
  bytes: Uint8Array,
  bodyStart: number,
  end: number,
): void {
  checkFlags(connection, type, flags)
  if (connection.state === 'awaiting-connect') {
    if (type !== PacketType.connect) throw protocolError('the first packet must be CONNECT') // [MQTT5-3.1.0-1]
    return handleConnect(connection, bytes, bodyStart, end)
  }
  // [MQTT5-3.1.2-30]
  if (type === PacketType.auth) return handleAuth(connection, bytes, bodyStart, end)
  if (type === PacketType.disconnect) return connection.clientLeft(true)
  throw protocolError('only AUTH or DISCONNECT may come before CONNACK')
}

function checkFlags({ protocolVersion }: Connection, type: number, flags: number): void {
  // 3.1 let clients set DUP on packets they repeat
  const significant = protocolVersion === 3 && type !== PacketType.connect ? flags & 7 : flags
  if (type !== PacketType.publish && significant !== requiredFlags(type))
    throw malformed('reserved header flags are set')
}
