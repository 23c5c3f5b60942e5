import { type Authorizer, type AuthorizedClient, grants } from '../contracts/authorizer.ts'
import type { Route } from './route.ts'

/** Answers remembered per connection before they are forgotten all at once. */
const REMEMBERED = 1024

/** What one connection may publish where, asked once per topic, QoS and retain, and again when rights change. */
export class PublishRights {
  readonly #authorizer: Authorizer
  readonly #waiting: { release(): void }
  /** Two bits for each kind of question: 1 yes, 2 no. */
  #answers: Map<Route, number> | undefined = undefined
  #epoch = -1
  #allowsAll = false
  /** The last question and its answer: most publishes repeat it. */
  #lastRoute: Route | undefined = undefined
  #lastKind = -1
  #lastAnswer = false

  /** `waiting` is released when an answer arrives that `mayPublish` had to leave open. */
  constructor(authorizer: Authorizer, waiting: { release(): void }) {
    this.#authorizer = authorizer
    this.#waiting = waiting
  }

  /** True or false when known; undefined when the authorizer answers later. Hot path. */
  mayPublish(client: AuthorizedClient, route: Route, qos: number, retain: boolean): boolean | undefined {
    const kind = retain ? qos + 3 : qos
    if (this.#epoch !== this.#authorizer.epoch) this.#forget()
    if (this.#allowsAll) return true
    if (this.#lastRoute === route && this.#lastKind === kind) return this.#lastAnswer
    const known = route.isLasting ? ((this.#answers?.get(route) ?? 0) >> (2 * kind)) & 3 : 0
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
      if (isLater) this.#waiting.release()
    })
    if (atOnce !== undefined) answer ??= grants(atOnce, qos)
    isLater = true
    return answer === undefined ? undefined : this.#remember(route, kind, answer)
  }

  #remember(route: Route, kind: number, allowed: boolean): boolean {
    if (route.isLasting) {
      const answers = (this.#answers ??= new Map())
      if (answers.size >= REMEMBERED) answers.clear()
      const others = (answers.get(route) ?? 0) & ~(3 << (2 * kind))
      answers.set(route, others | ((allowed ? 1 : 2) << (2 * kind)))
    }
    this.#lastRoute = route
    this.#lastKind = kind
    this.#lastAnswer = allowed
    return allowed
  }

  #forget(): void {
    this.#epoch = this.#authorizer.epoch
    this.#allowsAll = this.#authorizer.allowsAll?.('publish') ?? false
    this.#answers = undefined
    this.#lastRoute = undefined
  }
}
