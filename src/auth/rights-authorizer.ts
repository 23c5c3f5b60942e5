import type { Access, AccessAnswer, AuthorizedClient, Authorizer } from '../contracts/authorizer.ts'
import type { Rights } from './rights.ts'

/** Answers from rules. Without rules everybody may do everything. */
export class RightsAuthorizer implements Authorizer {
  readonly epoch = 0
  readonly #rights: Rights | undefined

  constructor(rights: Rights | undefined) {
    this.#rights = rights
  }

  allowsAll(): boolean {
    return this.#rights === undefined
  }

  authorize(client: AuthorizedClient, access: Access): AccessAnswer {
    const decision = this.#rights?.decide(client, access)
    if (decision === undefined) return true
    // another rule may let a publish above that through: only a subscription is lowered
    if (decision.allowed && access.action === 'subscribe') return { maximumQos: decision.maximumQos }
    return decision.allowed
  }
}
