import {
  type Access,
  type AccessAnswer,
  type AuthorizedClient,
  type Authorizer,
  grants,
} from '../contracts/authorizer.ts'
import type { PeerInfo } from '../contracts/byte-stream.ts'
import { Whereabouts } from './whereabouts.ts'

export interface ListenerRulings {
  readonly common: Authorizer
  /** Of listeners with rules of their own, by `ListenerRules.access`. */
  readonly own: ReadonlyMap<string, Authorizer>
}

/** Clients answered for without knowing by which listener they come, before every newcomer counts as one. */
const MOST_GUESSED = 100_000

/**
 * Answers by the rules of the listener that a client came in by, or by those for all. They can be exchanged while
 * clients are connected, and must answer at once.
 *
 * A client that is away is judged by the rules it had last. After a restart nobody knows them: then what any of the
 * rules lets it read is kept for it. When it is back the rules are known; had they been guessed, or others, answers
 * given so far no longer hold, and what was kept is judged before it is sent.
 */
export class ListenerAuthorizer implements Authorizer {
  epoch = 0
  #rulings: ListenerRulings
  #all: readonly Authorizer[] = []
  readonly #whereabouts = new Whereabouts()
  readonly #guessed = new Set<string>()
  #guessedMore = false

  constructor(rulings: ListenerRulings) {
    this.#rulings = rulings
    this.#all = allOf(rulings)
  }

  /** From the next question on; earlier answers no longer hold. */
  replace(rulings: ListenerRulings): void {
    this.#rulings = rulings
    this.#all = allOf(rulings)
    this.#guessed.clear()
    this.#guessedMore = false
    this.epoch++
  }

  /** Whether some listener has rules of its own: only then need it be told who comes in. */
  get hasOwnRules(): boolean {
    return this.#rulings.own.size > 0
  }

  /** Must be told of each client that is let in, before it is sent anything. */
  connected(clientId: string, { rules }: PeerInfo): void {
    if (this.#rulings.own.size === 0) return
    const access = rules?.access ?? ''
    const before = this.#whereabouts.of(clientId)
    if (before === access) return
    this.#whereabouts.remember(clientId, access)
    const wasGuessed = this.#guessed.delete(clientId) || this.#guessedMore
    if (before === undefined ? wasGuessed : this.#at(before) !== this.#at(access)) this.epoch++
  }

  allowsAll(action: Access['action']): boolean {
    return this.#all.every((rules) => rules.allowsAll?.(action) === true)
  }

  authorize(client: AuthorizedClient, access: Access): AccessAnswer {
    const { common, own } = this.#rulings
    if (own.size === 0) return answerOf(common, client, access)
    const { clientId, peer } = client
    const place =
      peer === undefined || peer.listener === '' ? this.#whereabouts.of(clientId) : (peer.rules?.access ?? '')
    return place === undefined ? this.#guess(client, access) : answerOf(this.#at(place), client, access)
  }

  #at(place: string): Authorizer {
    const { common, own } = this.#rulings
    return own.get(place) ?? common
  }

  /** What may be kept for it if any rules allow that; what is done in its name must be right by all of them. */
  #guess(client: AuthorizedClient, access: Access): boolean {
    const allowing = this.#all.filter((rules) => grants(answerOf(rules, client, access), qosOf(access))).length
    if (allowing === 0 || allowing === this.#all.length) return allowing > 0
    if (access.action !== 'receive') return false
    if (this.#guessed.size < MOST_GUESSED) this.#guessed.add(client.clientId)
    else this.#guessedMore = true
    return true
  }
}

function allOf({ common, own }: ListenerRulings): readonly Authorizer[] {
  return [common, ...own.values()]
}

function answerOf(rules: Authorizer, client: AuthorizedClient, access: Access): AccessAnswer {
  return rules.authorize(client, access, tooLate) ?? false
}

function qosOf(access: Access): number {
  return access.action === 'receive' ? 0 : access.qos
}

function tooLate(): void {}
