import type { AuthenticationOutcome, AuthenticationRequest, Authenticator } from '../contracts/authenticator.ts'
import type { PeerInfo } from '../contracts/byte-stream.ts'
import type { Log } from '../contracts/log.ts'
import { ReasonCode } from '../protocol/reason-codes.ts'
import type { Credential } from './credential.ts'
import type { HashJob } from './derive-hash.ts'
import type { HashQueue } from './hash-queue.ts'
import { saslPrep } from './sasl-prep.ts'
import { ScramCredential } from './scram-credential.ts'
import { answerClientFinal, answerClientFirst, readClientFirst, type ScramExchange } from './scram-sha-256.ts'
import { StandIns } from './stand-ins.ts'

/** By user name; undefined where no passwords are configured. */
export type Credentials = ReadonlyMap<string, Credential> | undefined

export interface Users {
  readonly credentials: Credentials
  /** Of listeners that have users of their own, in the place of those for all, by `ListenerRules.access`. */
  readonly ofListeners?: ReadonlyMap<string, Credentials>
  /** Where anonymous clients are let in and no passwords are configured: the name a client gives is its user. */
  readonly acceptsUncheckedNames?: boolean
  /** Who is known by a certificate may give any user name. */
  readonly ignoresNameBesideCertificate?: boolean
  /** What a wrong user name or password is answered, "bad user name or password" when left out. */
  readonly wrongLoginCode?: ReasonCode
}

export interface StandardAuthenticatorParts extends Users {
  readonly log: Log
  readonly hashQueue: Pick<HashQueue, 'hash'>
}

interface UserList {
  readonly credentials: Credentials
  readonly standIns: StandIns
}

/** Longer passwords are refused; they are hashed only up to here. */
export const maximumPasswordBytes = 1024

/** Logins by SCRAM-SHA-256, by client certificate, by password, or by nothing where the listener allows it. */
export class StandardAuthenticator implements Authenticator {
  readonly #log: Log
  readonly #hashQueue: Pick<HashQueue, 'hash'>
  #users: UserList = { credentials: undefined, standIns: new StandIns() }
  #ofListeners: ReadonlyMap<string, UserList> = new Map()
  #acceptsUncheckedNames = false
  #ignoresNameBesideCertificate = false
  #wrongLogin = wrongLogin(ReasonCode.badUserNameOrPassword)
  #otherName = otherName(ReasonCode.badUserNameOrPassword)

  constructor({ log, hashQueue, ...users }: StandardAuthenticatorParts) {
    this.#log = log
    this.#hashQueue = hashQueue
    this.replace(users)
  }

  /** Takes other users from now on, also for logins that are under way. */
  replace({ credentials, ofListeners = new Map(), ...terms }: Users): void {
    const before = this.#ofListeners
    this.#users = listOf(credentials, this.#users)
    this.#ofListeners = new Map([...ofListeners].map(([name, own]) => [name, listOf(own, before.get(name))]))
    this.#acceptsUncheckedNames = terms.acceptsUncheckedNames ?? false
    this.#ignoresNameBesideCertificate = terms.ignoresNameBesideCertificate ?? false
    const code = terms.wrongLoginCode ?? ReasonCode.badUserNameOrPassword
    this.#wrongLogin = wrongLogin(code)
    this.#otherName = otherName(code)
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
    const { method, peer } = request
    // nobody can be called nothing: clients without a login send an empty name too
    const userName = request.userName === '' ? undefined : request.userName
    if (method !== undefined) return this.#enhanced(request)
    if (peer.certificateUser !== undefined) return this.#certified(peer.certificateUser, userName)
    const isUnchecked = this.#usersAt(peer).credentials === undefined
    if (userName !== undefined && !isUnchecked) return this.#checkPassword(request, userName)
    if (peer.allowsAnonymous) {
      // a name that nobody checked is no user, unless the operator has it so
      return { result: 'accepted', user: isUnchecked && this.#acceptsUncheckedNames ? userName : undefined }
    }
    return refused(ReasonCode.notAuthorized, 'a login is needed')
  }

  #certified(certificateUser: string, userName: string | undefined): AuthenticationOutcome {
    const isHis = userName === undefined || userName === certificateUser || this.#ignoresNameBesideCertificate
    return isHis ? { result: 'accepted', user: certificateUser } : this.#otherName
  }

  #usersAt({ rules }: PeerInfo): UserList {
    return (rules?.access === undefined ? undefined : this.#ofListeners.get(rules.access)) ?? this.#users
  }

  #enhanced(request: AuthenticationRequest): AuthenticationOutcome {
    const { method, step, exchange, peer } = request
    if (method !== 'SCRAM-SHA-256' || this.#usersAt(peer).credentials === undefined) {
      return refused(ReasonCode.badAuthenticationMethod, 'this authentication method is not on offer')
    }
    const data = request.data ?? new Uint8Array()
    if (step !== 'continue') return this.#beginScram(request, data)
    const state = exchange.state as ScramExchange | undefined
    exchange.state = undefined // a proof is good for one try
    return state === undefined ? scramFailed : this.#finishScram(state, data, peer)
  }

  #beginScram({ exchange, userName, peer }: AuthenticationRequest, data: Uint8Array): AuthenticationOutcome {
    exchange.state = undefined
    const first = readClientFirst(data)
    if (first === undefined) return scramFailed
    if (userName !== undefined && saslPrep(userName) !== first.user) {
      return refused(ReasonCode.badUserNameOrPassword, 'the user name is not the one of the authentication data')
    }
    if (peer.certificateUser !== undefined && peer.certificateUser !== first.user) return this.#otherName
    const state = answerClientFirst(first, this.#scramCredential(first.user, peer).credential)
    exchange.state = state
    return { result: 'continue', data: Buffer.from(state.serverFirst) }
  }

  /** Looked up again: who was removed or has another password since then fails. */
  #finishScram(state: ScramExchange, data: Uint8Array, peer: PeerInfo): AuthenticationOutcome {
    const { credential, isKnown } = this.#scramCredential(state.user, peer)
    const serverFinal = answerClientFinal(state, data, credential)
    if (serverFinal === undefined || !isKnown) return scramFailed
    return { result: 'accepted', user: state.user, data: Buffer.from(serverFinal) }
  }

  /** The stand-in is made for everybody, so that it takes no longer for an unknown user. */
  #scramCredential(user: string, peer: PeerInfo): { credential: ScramCredential; isKnown: boolean } {
    const { credentials, standIns } = this.#usersAt(peer)
    const standIn = standIns.forScram(user)
    const known = credentials?.get(user)
    const isKnown = known instanceof ScramCredential
    return { credential: isKnown ? known : standIn, isKnown }
  }

  /** An unknown user, and a password that cannot be right, cost one hash as a wrong password does. */
  async #checkPassword(request: AuthenticationRequest, user: string): Promise<AuthenticationOutcome> {
    const { password, peer } = request
    if (password === undefined) return this.#wrongLogin
    const { credentials, standIns } = this.#usersAt(peer)
    const standIn = standIns.forPassword(user)
    const known = credentials?.get(user)
    const credential = known ?? standIn
    const hash = await this.#hash(credential.hashJob(password.slice(0, maximumPasswordBytes)), request)
    if (!(hash instanceof Uint8Array)) return hash
    if (credentials !== this.#usersAt(peer).credentials) return this.#decideAgain(request, user)
    const isRight = credential.matches(hash) && known !== undefined && password.length <= maximumPasswordBytes
    return isRight ? { result: 'accepted', user } : this.#wrongLogin
  }

  /** Other credentials came while the hash was computed: who was removed is not let in. */
  #decideAgain(request: AuthenticationRequest, user: string): AuthenticationOutcome | Promise<AuthenticationOutcome> {
    const isOpen = this.#usersAt(request.peer).credentials === undefined
    return isOpen ? this.#wrongLogin : this.#checkPassword(request, user)
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

/** The stand-ins stay the same over reloads: clients have seen their salts. */
function listOf(credentials: Credentials, before: UserList | undefined): UserList {
  const standIns = before?.standIns ?? new StandIns()
  standIns.imitate(credentials?.values() ?? [])
  return { credentials, standIns }
}

const scramFailed = refused(ReasonCode.notAuthorized, 'the authentication failed')

function wrongLogin(reasonCode: ReasonCode): AuthenticationOutcome {
  return refused(reasonCode, 'wrong user name or password')
}

function otherName(reasonCode: ReasonCode): AuthenticationOutcome {
  return refused(reasonCode, 'the user name is not the one of the certificate')
}

function refused(reasonCode: ReasonCode, reasonString: string): AuthenticationOutcome {
  return { result: 'refused', reasonCode, reasonString }
}
