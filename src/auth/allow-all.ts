import type { Authenticator } from '../contracts/authenticator.ts'
import type { Authorizer } from '../contracts/authorizer.ts'

/** Lets everybody in under the user name they claim. Fit for loopback only. Enhanced authentication is refused. */
export const anonymousAuthenticator: Authenticator = {
  authenticate(request, respond) {
    if (request.method !== undefined) {
      respond({ result: 'refused', reasonCode: 0x8c, reasonString: 'no authentication method is configured' })
      return
    }
    respond({ result: 'accepted', user: request.userName })
  },
}

/** Everybody may do everything. */
export const allowAllAuthorizer: Authorizer = { epoch: 0, authorize: () => true }
