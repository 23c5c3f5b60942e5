import {
  type Access,
  type AccessAnswer,
  type AuthorizedClient,
  type Authorizer,
  grants,
} from '../../contracts/authorizer.ts'
import type { Hooks } from '../../contracts/hooks.ts'
import { askInOrder } from './ask-in-order.ts'
import type { HookKind, HookRegistry } from './hook-registry.ts'

type Respond = (answer: AccessAnswer) => void

/**
 * Hooks first; what they leave open is for the rights in the settings. A client of the broker's own may do everything.
 */
export class HookedAuthorizer implements Authorizer {
  readonly #base: Authorizer
  readonly #hooks: HookRegistry
  #ownChanges = 0

  constructor(base: Authorizer, hooks: HookRegistry) {
    this.#base = base
    this.#hooks = hooks
  }

  get epoch(): number {
    return this.#base.epoch + this.#hooks.changes + this.#ownChanges
  }

  /** Whatever was answered before is asked again. */
  changed(): void {
    this.#ownChanges++
  }

  allowsAll(action: Access['action']): boolean {
    const hooks = this.#hooks
    if (action === 'publish' && hooks.of('authorizePublish') !== undefined) return false
    if (action === 'subscribe' && (hooks.of('authorizeSubscribe') ?? hooks.of('onSubscribe')) !== undefined)
      return false
    return this.#base.allowsAll?.(action) ?? false
  }

  authorize(client: AuthorizedClient, access: Access, respond: Respond): AccessAnswer | undefined {
    if (client.peer?.isTrusted) return true
    if (access.action === 'receive') return this.#base.authorize(client, access, respond)
    if (access.action === 'publish') {
      const hooks = this.#hooks.of('authorizePublish')
      if (hooks === undefined) return this.#base.authorize(client, access, respond)
      const { topicName, qos, retain } = access
      const request = { client: shown(client), topicName, qos, retain }
      return atOnce<AccessAnswer>(respond, (then) =>
        askInOrder<(typeof hooks)[number], AccessAnswer>(
          hooks,
          (hook) => hook.authorizePublish(request),
          (hook, error) => this.#no(hook, 'authorizePublish', error),
          (answer) => this.#orBase(answer, client, access, then),
        ),
      )
    }
    const { topicFilter, qos } = access
    return this.#authorizeSubscribe({ client: shown(client), topicFilter, qos }, access, respond)
  }

  /** authorizeSubscribe, the rights, then onSubscribe of what is granted so far. */
  #authorizeSubscribe(
    request: { readonly client: AuthorizedClient; readonly topicFilter: string; readonly qos: number },
    access: Access,
    respond: Respond,
  ): AccessAnswer | undefined {
    const authorizing = this.#hooks.of('authorizeSubscribe') ?? []
    const observing = this.#hooks.of('onSubscribe') ?? []
    if (authorizing.length === 0 && observing.length === 0) {
      return this.#base.authorize(request.client, access, respond)
    }
    return atOnce<AccessAnswer>(respond, (then) =>
      askInOrder<(typeof authorizing)[number], AccessAnswer>(
        authorizing,
        (hook) => hook.authorizeSubscribe(request),
        (hook, error) => this.#no(hook, 'authorizeSubscribe', error),
        (answer) =>
          this.#orBase(byHook(answer), request.client, access, (granted) => {
            if (!grants(granted, 0)) then(false)
            else this.#tellSubscribe(observing, request, granted, then)
          }),
      ),
    )
  }

  /** Asks `authorizeSubscribe` hooks alone, of a subscription that stands: true, false, or undefined for no opinion. */
  askHooks(
    client: AuthorizedClient,
    { filter, qos }: { readonly filter: string; readonly qos: number },
    then: (answer: boolean | undefined) => void,
  ): void {
    const hooks = this.#hooks.of('authorizeSubscribe') ?? []
    if (client.peer?.isTrusted) return
    const request = { client, topicFilter: filter, qos }
    askInOrder<(typeof hooks)[number], AccessAnswer>(
      hooks,
      (hook) => hook.authorizeSubscribe(request),
      (hook, error) => this.#no(hook, 'authorizeSubscribe', error),
      (answer) => then(answer === undefined ? undefined : grants(answer, 0)),
    )
  }

  #tellSubscribe(
    observing: readonly (Hooks & Required<Pick<Hooks, 'onSubscribe'>>)[],
    request: { readonly client: AuthorizedClient; readonly topicFilter: string; readonly qos: number },
    granted: AccessAnswer,
    then: Respond,
  ): void {
    askInOrder<(typeof observing)[number], false>(
      observing,
      (hook) => nothing(hook.onSubscribe(request)),
      (hook, error) => this.#no(hook, 'onSubscribe', error),
      (refused) => then(refused ?? granted),
    )
  }

  #orBase(answer: AccessAnswer | undefined, client: AuthorizedClient, access: Access, then: Respond): void {
    if (answer !== undefined) {
      then(answer)
      return
    }
    const now = this.#base.authorize(client, access, then)
    if (now !== undefined) then(now)
  }

  #no(hook: Hooks, kind: HookKind, error: unknown): false {
    this.#hooks.failed(hook, kind, error)
    return false
  }
}

/** A grant of a hook is one that the rights in the settings are not asked about. */
function byHook(answer: AccessAnswer | undefined): AccessAnswer | undefined {
  if (answer === undefined || !grants(answer, 0)) return answer === undefined ? undefined : false
  return { maximumQos: typeof answer === 'object' ? answer.maximumQos : 2, isByHook: true }
}

/** What a hook may keep: the client that asks is the broker's own object. */
function shown({ clientId, user, peer }: AuthorizedClient): AuthorizedClient {
  return { clientId, user, peer }
}

/** Turns "calls back now or later" into the contract's "answers now, or calls back later". */
function atOnce<Answer>(
  respond: (answer: Answer) => void,
  ask: (then: (answer: Answer) => void) => void,
): Answer | undefined {
  let now: Answer | undefined
  let isLater = false
  ask((answer) => {
    if (isLater) respond(answer)
    else now = answer
  })
  isLater = true
  return now
}

/** Of a hook that has nothing to answer: its promise if it gave one. */
export function nothing(returned: void | PromiseLike<void>): undefined | PromiseLike<undefined> {
  return returned === undefined ? undefined : returned.then(() => undefined)
}
