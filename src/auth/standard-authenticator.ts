import type { AuthenticationOutcome, AuthenticationRequest, Authenticator } from '../contracts/authenticator.ts'
import type { Log } from '../contracts/log.ts'
import { ReasonCode } from '../protocol/reason-codes.ts'
import type { Credential } from './credential.ts'
import type { HashJob } from './derive-hash.ts'
import type { HashQueue } from './hash-queue.ts'
import { saslPrep } from './sasl-prep.ts'
import { ScramCredential } from './scram-credential.ts'
import { answerClientFinal, answerClientFirst, readClientFirst, type ScramExchange } from './scram-sha-256.ts'
import { StandIns } from './stand-ins.ts'

export interface StandardAuthenticatorParts {
  readonly log: Log
  readonly hashQueue: Pick<HashQueue, 'hash'>
  /** By user name; undefined where no passwords are configured. */
  readonly credentials: ReadonlyMap<string, Credential> | undefined
}

/** Longer passwords are refused; they are hashed only up to here. */
export const maximumPasswordBytes = 1024

/** Logins by SCRAM-SHA-256, by client certificate, by password, or by nothing where the listener allows it. */
export class StandardAuthenticator implements Authenticator {
  readonly #log: Log
  readonly #hashQueue: Pick<HashQueue, 'hash'>
  readonly #standIns = new StandIns()
  #credentials: ReadonlyMap<string, Credential> | undefined

  constructor({ log, hashQueue, credentials }: StandardAuthenticatorParts) {
    this.#log = log
    this.#hashQueue = hashQueue
    this.replace(credentials)
  }

  /** Takes other credentials from now on, also for logins that are under way. */
  replace(credentials: ReadonlyMap<string, Credential> | undefined): void {
    this.#credentials = credentials
    this.#standIns.imitate(credentials?.values() ?? [])
  }

  authenticate(
    request: AuthenticationRequest,
    respond: (outcome: AuthenticationOutcome) => void,
  ): void | Promise<void> {
    const outcome = this.#decide(request)
    if (outcome instanceof Promise) return outcome.then(respond)
    respond(outcome)
  }

  #decide(request: AuthenticationRequest): AuthenticationOutcome | Promise<AuthenticationOutcome> {
    const { method, peer, userName } = request
    if (method !== undefined) return this.#enhanced(request)
    if (peer.certificateUser !== undefined) return certified(peer.certificateUser, userName)
    if (userName !== undefined && this.#credentials !== undefined) return this.#checkPassword(request, userName)
    if (peer.allowsAnonymous) return { result: 'accepted', user: undefined } // a name that nobody checked is no user
    return refused(ReasonCode.notAuthorized, 'a login is needed')
  }

  #enhanced(request: AuthenticationRequest): AuthenticationOutcome {
    const { method, step, exchange } = request
    const credentials = this.#credentials
    if (method !== 'SCRAM-SHA-256' || credentials === undefined) {
      return refused(ReasonCode.badAuthenticationMethod, 'this authentication method is not on offer')
    }
    const data = request.data ?? new Uint8Array()
    if (step !== 'continue') return this.#beginScram(request, data)
    const state = exchange.state as ScramExchange | undefined
    exchange.state = undefined // a proof is good for one try
    return state === undefined ? scramFailed : this.#finishScram(state, data)
  }

  #beginScram({ exchange, userName, peer }: AuthenticationRequest, data: Uint8Array): AuthenticationOutcome {
    exchange.state = undefined
    const first = readClientFirst(data)
    if (first === undefined) return scramFailed
    if (userName !== undefined && saslPrep(userName) !== first.user) {
      return refused(ReasonCode.badUserNameOrPassword, 'the user name is not the one of the authentication data')
    }
    if (peer.certificateUser !== undefined && peer.certificateUser !== first.user) return otherCertificate
    const state = answerClientFirst(first, this.#scramCredential(first.user).credential)
    exchange.state = state
    return { result: 'continue', data: Buffer.from(state.serverFirst) }
  }

  /** Looked up again: who was removed or has another password since then fails. */
  #finishScram(state: ScramExchange, data: Uint8Array): AuthenticationOutcome {
    const { credential, isKnown } = this.#scramCredential(state.user)
    const serverFinal = answerClientFinal(state, data, credential)
    if (serverFinal === undefined || !isKnown) return scramFailed
    return { result: 'accepted', user: state.user, data: Buffer.from(serverFinal) }
  }

  /** The stand-in is made for everybody, so that it takes no longer for an unknown user. */
  #scramCredential(user: string): { credential: ScramCredential; isKnown: boolean } {
    const standIn = this.#standIns.forScram(user)
    const known = this.#credentials?.get(user)
    const isKnown = known instanceof ScramCredential
    return { credential: isKnown ? known : standIn, isKnown }
  }

  /** An unknown user, and a password that cannot be right, cost one hash as a wrong password does. */
  async #checkPassword(request: AuthenticationRequest, user: string): Promise<AuthenticationOutcome> {
    const { password } = request
    if (password === undefined) return wrongLogin
    const credentials = this.#credentials
    const standIn = this.#standIns.forPassword(user)
    const known = credentials?.get(user)
    const credential = known ?? standIn
    const hash = await this.#hash(credential.hashJob(password.slice(0, maximumPasswordBytes)), request)
    if (!(hash instanceof Uint8Array)) return hash
    if (credentials !== this.#credentials) return this.#decideAgain(request, user)
    const isRight = credential.matches(hash) && known !== undefined && password.length <= maximumPasswordBytes
    return isRight ? { result: 'accepted', user } : wrongLogin
  }

  /** Other credentials came while the hash was computed: who was removed is not let in. */
  #decideAgain(request: AuthenticationRequest, user: string): AuthenticationOutcome | Promise<AuthenticationOutcome> {
    return this.#credentials === undefined ? wrongLogin : this.#checkPassword(request, user)
  }

  async #hash(
    job: HashJob,
    { peer: { address }, isGone }: AuthenticationRequest,
  ): Promise<Uint8Array | AuthenticationOutcome> {
    try {
      const hash = await this.#hashQueue.hash(job, { address, isGone })
      if (hash === 'busy') return refused(ReasonCode.serverBusy, 'too many logins at once')
      return hash === 'unwanted' ? refused(ReasonCode.unspecifiedError, 'the client has left') : hash
    } catch (error) {
      this.#log.error({ error: (error as Error).message }, 'a password could not be hashed')
      return refused(ReasonCode.serverUnavailable, 'the password could not be checked')
    }
  }
}

const wrongLogin = refused(ReasonCode.badUserNameOrPassword, 'wrong user name or password')
const otherCertificate = refused(ReasonCode.badUserNameOrPassword, 'the user name is not the one of the certificate')
const scramFailed = refused(ReasonCode.notAuthorized, 'the authentication failed')

function certified(certificateUser: string, userName: string | undefined): AuthenticationOutcome {
  if (userName === undefined || userName === certificateUser) return { result: 'accepted', user: certificateUser }
  return otherCertificate
}

function refused(reasonCode: ReasonCode, reasonString: string): AuthenticationOutcome {
  return { result: 'refused', reasonCode, reasonString }
}
