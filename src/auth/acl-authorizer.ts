import type { Access, AuthorizedClient, Authorizer } from '../contracts/authorizer.ts'
import type { Acl } from './acl.ts'

/** Answers from an ACL file. Everybody may subscribe to everything; what comes by it is judged message by message. */
export class AclAuthorizer implements Authorizer {
  readonly epoch = 0
  readonly #acl: Acl

  constructor(acl: Acl) {
    this.#acl = acl
  }

  allowsAll(action: Access['action']): boolean {
    return action === 'subscribe'
  }

  authorize(client: AuthorizedClient, access: Access): boolean {
    if (access.action === 'subscribe') return true
    return this.#acl.decide(client, access.action === 'publish' ? 'write' : 'read', access.topicName).allowed
  }
}
