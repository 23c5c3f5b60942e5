import { type Authorizer, type AuthorizedClient, grants } from '../contracts/authorizer.ts'
import type { Route } from './router.ts'

/** Answers remembered per connection before they are forgotten all at once. */
const REMEMBERED = 1024

/** What one connection may publish where, asked once per topic, QoS and retain, and again when rights change. */
export class PublishRights {
  readonly #authorizer: Authorizer
  readonly #onAnswer: () => void
  readonly #answers = new Map<Route, Uint8Array>()
  #epoch = -1
  /** The last question and its answer: most publishes repeat it. */
  #lastRoute: Route | undefined = undefined
  #lastKind = -1
  #lastAnswer = false

  /** `onAnswer` is called when an answer arrives that `mayPublish` had to leave open. */
  constructor(authorizer: Authorizer, onAnswer: () => void) {
    this.#authorizer = authorizer
    this.#onAnswer = onAnswer
  }

  /** True or false when known; undefined when the authorizer answers later. Hot path. */
  mayPublish(client: AuthorizedClient, route: Route, qos: number, retain: boolean): boolean | undefined {
    const kind = retain ? qos + 3 : qos
    if (this.#epoch !== this.#authorizer.epoch) this.#forget()
    if (this.#lastRoute === route && this.#lastKind === kind) return this.#lastAnswer
    const known = this.#answers.get(route)?.[kind] ?? 0
    return known > 0 ? this.#remember(route, kind, known === 1) : this.#ask(client, route, qos, retain, kind)
  }

  #ask(client: AuthorizedClient, route: Route, qos: number, retain: boolean, kind: number): boolean | undefined {
    let answer: boolean | undefined
    let isLater = false
    const access = { action: 'publish', topicName: route.topicName, qos, retain } as const
    const atOnce = this.#authorizer.authorize(client, access, (late) => {
      if (answer !== undefined) return // a second answer changes nothing
      answer = grants(late, qos)
      this.#remember(route, kind, answer)
      if (isLater) this.#onAnswer()
    })
    if (atOnce !== undefined) answer ??= grants(atOnce, qos)
    isLater = true
    return answer === undefined ? undefined : this.#remember(route, kind, answer)
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
