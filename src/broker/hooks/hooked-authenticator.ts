import type { AuthenticationOutcome, AuthenticationRequest, Authenticator } from '../../contracts/authenticator.ts'
import { ReasonCode } from '../../protocol/reason-codes.ts'
import type { Awaitable } from '../../contracts/hooks.ts'
import { askInOrder, isPromise } from './ask-in-order.ts'
import type { HookRegistry } from './hook-registry.ts'

const refused: AuthenticationOutcome = { result: 'refused', reasonCode: ReasonCode.notAuthorized }

/** Hooks first; what they leave open is for the broker's own logins. */
export class HookedAuthenticator implements Authenticator {
  readonly #base: Authenticator
  readonly #hooks: HookRegistry

  constructor(base: Authenticator, hooks: HookRegistry) {
    this.#base = base
    this.#hooks = hooks
  }

  authenticate(
    request: AuthenticationRequest,
    respond: (outcome: AuthenticationOutcome) => void,
  ): void | Promise<void> {
    if (request.peer.isTrusted) {
      respond({ result: 'accepted', user: undefined })
      return
    }
    const hooks = this.#hooks.of('authenticate')
    if (hooks === undefined) return this.#base.authenticate(request, respond)
    return new Promise((resolve, reject) => {
      askInOrder(
        hooks,
        (hook) => checked(hook.authenticate(request)),
        (hook, error) => {
          this.#hooks.failed(hook, 'authenticate', error)
          return refused
        },
        (outcome) => {
          try {
            resolve(outcome === undefined ? this.#base.authenticate(request, respond) : respond(outcome))
          } catch (error) {
            reject(error)
          }
        },
      )
    })
  }
}

/** An answer that is none must not let anybody in, and its hook should know. */
function checked(answer: Awaitable<AuthenticationOutcome | undefined>): Awaitable<AuthenticationOutcome | undefined> {
  if (isPromise(answer)) return answer.then((late) => checked(late))
  if (answer === undefined) return undefined
  if (answer !== null && typeof answer === 'object' && results.has(answer.result)) {
    return answer.result === 'refused' ? { ...refused, ...answer } : answer
  }
  throw new TypeError(
    `it answered ${JSON.stringify(answer)}: authenticate answers { result: 'accepted', user }, ` +
      "{ result: 'refused', reasonCode }, { result: 'continue', data }, or undefined",
  )
}

const results: ReadonlySet<unknown> = new Set(['accepted', 'refused', 'continue'])
