import type { ConnectPacket } from '../protocol/packets/connect.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { ReasonCode } from '../protocol/reason-codes.ts'
import type { Connection } from './connection.ts'
import type { ClientSession } from './types.ts'

export interface OpenedSession {
  readonly session: ClientSession
  /** There was one to resume: Session Present. */
  readonly isPresent: boolean
  /** CONNACK waits for this commit; 0 for none. */
  readonly commit: number
}

/**
 * Finds or makes the session of an accepted CONNECT and takes it from whoever has it. Sections 3.1.2.4, 3.1.4.
 * Throws ProtocolError when it belongs to another user, or there is no room for one more.
 */
export function openSession(connection: Connection, packet: ConnectPacket): OpenedSession {
  const { core, clientId, user } = connection
  const { maximumSessions } = core.limits
  const found = core.sessions.get(clientId)
  const isOthers = found !== undefined && found.user !== user
  if (isOthers && connection.terms.features.sessionOfAnotherUser === 'refuse') {
    throw new ProtocolError(ReasonCode.clientIdentifierNotValid, 'this client identifier belongs to another user')
  }
  if (found === undefined && maximumSessions > 0 && core.sessions.size >= maximumSessions) {
    throw new ProtocolError(ReasonCode.serverBusy, 'there are as many sessions as the broker allows')
  }
  let commit = 0
  let isPresent = false
  if (found !== undefined) {
    isPresent = !packet.cleanStart && !isOthers && found.expirySeconds > 0
    takeOver(found, connection, isPresent)
    if (isPresent)
      core.wills.sessionResumed(found) // [MQTT5-3.1.3-9]
    else commit = core.sessions.end(found) // [MQTT5-3.1.2-4]
  }
  const session = found !== undefined && isPresent ? found : core.sessions.open(clientId, user)
  core.sessions.claim(session, connection)
  connection.session = session
  session.expirySeconds = expirySeconds(connection, packet)
  session.sendQuota = Math.min(packet.properties.receiveMaximum ?? 65_535, core.limits.maximumInflightMessages)
  if (session.expirySeconds > 0) core.sessions.makeDurable(session)
  if (session.isDurable) {
    const { number, expirySeconds: seconds, sendQuota } = session
    commit = core.keep({
      kind: 'session-opened',
      session: number,
      clientId,
      user,
      expirySeconds: seconds,
      sendQuota,
    })
  }
  commit = Math.max(commit, core.wills.announced(clientId, user, packet.will))
  return { session, isPresent, commit }
}

/** The old connection hears 0x8E [MQTT5-3.1.4-3]; its will goes out unless the session lives on and the will can wait. */
function takeOver(session: ClientSession, by: Connection, isResumed: boolean): void {
  const old = session.claimant
  if (old === undefined) return
  by.core.takeoverLoops.takenOver(old, by)
  const { will } = old
  old.disconnect(ReasonCode.sessionTakenOver, 'another connection uses this client identifier')
  if (will === undefined) return
  const isCancelled = isResumed && old.protocolVersion === 5 && (will.properties.willDelayInterval ?? 0) > 0
  if (!isCancelled) old.core.wills.publishNow(old)
}

function expirySeconds(connection: Connection, packet: ConnectPacket): number {
  const { limits } = connection.terms
  if (packet.protocolVersion !== 5) return packet.cleanStart ? 0 : limits.mqtt3SessionExpirySeconds
  return Math.min(packet.properties.sessionExpiryInterval ?? 0, limits.maximumSessionExpirySeconds)
}
