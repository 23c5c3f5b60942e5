import type { EventEmitter } from 'node:events'
import type { HashJob } from '../auth/derive-hash.ts'
import { HashQueue, type HashQueueSize } from '../auth/hash-queue.ts'
import { HashThreads } from '../auth/hash-threads.ts'
import { ListenerAuthorizer, type ListenerRulings } from '../auth/listener-authorizer.ts'
import { StandardAuthenticator, type Users } from '../auth/standard-authenticator.ts'
import type { BrokerEvents } from '../contracts/events.ts'
import type { Log } from '../contracts/log.ts'
import { ReasonCode } from '../protocol/reason-codes.ts'
import type { Prepared } from './prepared.ts'

/** Who may come in and what they may do by the settings, which may become others while clients are connected. */
export class AccessControl {
  readonly authenticator: StandardAuthenticator
  readonly authorizer: ListenerAuthorizer
  readonly #hashThreads = new HashThreads()
  readonly #hashQueue: HashQueue
  #events: EventEmitter<BrokerEvents> | undefined
  #isFollowing = false

  constructor(prepared: Prepared, log: Log) {
    const derive = (job: HashJob): Promise<Uint8Array> => this.#hashThreads.derive(job)
    this.#hashQueue = new HashQueue({ derive, ...queueSizeOf(prepared) })
    this.authenticator = new StandardAuthenticator({ log, hashQueue: this.#hashQueue, ...usersOf(prepared) })
    this.authorizer = new ListenerAuthorizer(rulingsOf(prepared))
  }

  /** Who comes in where is heard of only while listeners have rules of their own: most brokers' connects cost less. */
  followClients(events: EventEmitter<BrokerEvents>): void {
    this.#events = events
    this.#followWhereNeeded()
  }

  #followWhereNeeded(): void {
    if (this.#isFollowing || !this.authorizer.hasOwnRules) return
    this.#isFollowing = true
    this.#events?.on('connected', ({ clientId, peer }) => this.authorizer.connected(clientId, peer))
  }

  /** Other settings, from now on. */
  take(prepared: Prepared): void {
    this.#hashQueue.resize(queueSizeOf(prepared))
    this.authenticator.replace(usersOf(prepared))
    this.authorizer.replace(rulingsOf(prepared))
    this.#followWhereNeeded()
  }

  stop(): Promise<void> {
    return this.#hashThreads.stop()
  }
}

function queueSizeOf({ settings: { authentication } }: Prepared): HashQueueSize {
  const { hashConcurrency: concurrency, maximumWaitingLogins: maximumWaiting } = authentication
  return { concurrency, maximumWaiting }
}

function usersOf({ settings, access: { credentials, ofListeners } }: Prepared): Users {
  return {
    credentials,
    ofListeners: new Map([...ofListeners].map(([name, own]) => [name, own.credentials])),
    acceptsUncheckedNames: settings.authentication.acceptUncheckedUserNames,
    ignoresNameBesideCertificate: settings.authentication.userNameBesideCertificate === 'ignored',
    wrongLoginCode:
      settings.authentication.wrongLoginReason === 'not-authorized'
        ? ReasonCode.notAuthorized
        : ReasonCode.badUserNameOrPassword,
  }
}

function rulingsOf({ access: { authorizer, ofListeners } }: Prepared): ListenerRulings {
  return { common: authorizer, own: new Map([...ofListeners].map(([name, own]) => [name, own.authorizer])) }
}
