import type { AuthenticationOutcome, AuthenticationRequest } from '../../contracts/authenticator.ts'
import { ByteReader, protocolError } from '../../protocol/byte-reader.ts'
import { decodeAuth, encodeAuth } from '../../protocol/packets/auth.ts'
import { ReasonCode } from '../../protocol/reason-codes.ts'
import type { Connection } from '../connection.ts'

interface Credentials {
  readonly userName: string | undefined
  readonly password: Uint8Array | undefined
  readonly data: Uint8Array | undefined
}

/** The authenticator threw, or its promise was rejected. */
interface Failure {
  readonly result: 'failed'
  readonly error: unknown
}

/** Asks the authenticator; while it thinks, this client is not read. `decided` gets every outcome but a challenge. */
export function authenticate(
  connection: Connection,
  step: AuthenticationRequest['step'],
  credentials: Credentials,
  decided: (outcome: AuthenticationOutcome) => void,
): void {
  const { core, peer, clientId, authenticationMethod: method } = connection
  const exchange = (connection.authenticationExchange ??= { state: undefined })
  connection.authenticationDecided = decided
  const { userName, password, data } = credentials
  const isGone = (): boolean => !connection.isOpen
  const request = { step, peer, clientId, userName, password, method, data, exchange, isGone }
  connection.wait<AuthenticationOutcome | Failure>(
    (then) =>
      void core.authenticator.authenticate(request, then)?.catch((error: unknown) => then({ result: 'failed', error })),
    (outcome) => {
      if (outcome.result === 'failed') throw outcome.error
      if (outcome.result !== 'continue') {
        connection.authenticationDecided = undefined // it holds on to the whole CONNECT
        connection.authenticationExchange = undefined
        decided(outcome)
      } else if (method === undefined) throw new Error('the authenticator challenges a client that named no method')
      else sendAuth(connection, ReasonCode.continueAuthentication, outcome.data)
    },
  )
}

/** AUTH: the next step of a login, or of proving it again. Section 4.12. */
export function handleAuth(connection: Connection, bytes: Uint8Array, bodyStart: number, end: number): void {
  const { protocolVersion, authenticationMethod, state, authenticationDecided } = connection
  if (protocolVersion !== 5) throw protocolError('AUTH is a packet of MQTT 5.0')
  const { reasonCode, properties } = decodeAuth(new ByteReader(bytes, bodyStart, end))
  if (authenticationMethod === undefined) throw protocolError('CONNECT named no authentication method') // [MQTT5-4.12.0-7]
  if (properties.authenticationMethod !== authenticationMethod) {
    throw protocolError('the authentication method cannot change') // [MQTT5-4.12.1-1]
  }
  const credentials = { userName: undefined, password: undefined, data: properties.authenticationData }
  const isUnderWay = state === 'authenticating' || connection.isReauthenticating
  if (isUnderWay && authenticationDecided !== undefined) {
    if (reasonCode !== ReasonCode.continueAuthentication) throw protocolError('AUTH must continue the exchange') // [MQTT5-4.12.0-3]
    authenticate(connection, 'continue', credentials, authenticationDecided)
    return
  }
  if (reasonCode !== ReasonCode.reauthenticate) throw protocolError('no authentication exchange is under way')
  connection.isReauthenticating = true
  const { time, limits } = connection.core
  const deadline = {
    dueMs: time.nowMs + limits.connectTimeoutMs,
    fire: () => connection.disconnect(ReasonCode.notAuthorized, 're-authentication took too long'),
  }
  time.schedule(deadline)
  authenticate(connection, 'reauthenticate', credentials, (outcome) => {
    time.cancel(deadline)
    reauthenticated(connection, outcome)
  })
}

/** A client that cannot prove itself again is closed [MQTT5-4.12.1-2], and so is one that proves to be another. */
function reauthenticated(connection: Connection, outcome: AuthenticationOutcome): void {
  connection.isReauthenticating = false
  if (outcome.result === 'accepted' && outcome.user === connection.user) sendAuth(connection, 0, outcome.data)
  else connection.disconnect(ReasonCode.notAuthorized, 're-authentication failed')
}

function sendAuth(connection: Connection, reasonCode: number, authenticationData: Uint8Array | undefined): void {
  const { authenticationMethod } = connection
  const properties = {
    ...(authenticationMethod !== undefined && { authenticationMethod }),
    ...(authenticationData !== undefined && { authenticationData }),
  }
  const packet = encodeAuth({ reasonCode, properties })
  if (packet.length > connection.maximumPacketBytes) throw protocolError('Maximum Packet Size leaves no room for AUTH')
  connection.send(packet)
}
