import type { Authorizer, AuthorizedClient } from '../contracts/authorizer.ts'
import type { Route } from './router.ts'

/** Answers remembered per connection before they are forgotten all at once. */
const REMEMBERED = 1024

/** What one connection may publish where, asked once per topic, QoS and retain, and again when rights change. */
export class PublishRights {
  readonly #authorizer: Authorizer
  readonly #answers = new Map<Route, Uint8Array>()
  #epoch = -1
  /** The last question and its answer: most publishes repeat it. */
  #lastRoute: Route | undefined = undefined
  #lastKind = -1
  #lastAnswer = false

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer
  }

  /** True or false when known; undefined when the authorizer answers later, and then `onAnswer` is called. */
  mayPublish(
    client: AuthorizedClient,
    route: Route,
    qos: number,
    retain: boolean,
    onAnswer: () => void,
  ): boolean | undefined {
    const kind = retain ? qos + 3 : qos
    if (this.#epoch !== this.#authorizer.epoch) this.#forget()
    if (this.#lastRoute === route && this.#lastKind === kind) return this.#lastAnswer
    const known = this.#answers.get(route)?.[kind] ?? 0
    if (known > 0) return this.#remember(route, kind, known === 1)
    let isNow = true
    const access = { action: 'publish', topicName: route.topicName, qos, retain } as const
    const answer = this.#authorizer.authorize(client, access, (allowed) => {
      this.#remember(route, kind, allowed)
      if (!isNow) onAnswer()
    })
    isNow = false
    if (answer !== undefined) return this.#remember(route, kind, answer)
    const answered = this.#answers.get(route)?.[kind] ?? 0
    return answered === 0 ? undefined : answered === 1
  }

  #remember(route: Route, kind: number, allowed: boolean): boolean {
    if (this.#answers.size >= REMEMBERED) this.#answers.clear()
    let answers = this.#answers.get(route)
    if (answers === undefined) this.#answers.set(route, (answers = new Uint8Array(6)))
    answers[kind] = allowed ? 1 : 2
    this.#lastRoute = route
    this.#lastKind = kind
    this.#lastAnswer = allowed
    return allowed
  }

  #forget(): void {
    this.#epoch = this.#authorizer.epoch
    this.#answers.clear()
    this.#lastRoute = undefined
  }
}
