import type { Authenticator } from '../../src/contracts/authenticator.ts'

/** Takes everybody for whom they say they are. */
export const believing: Authenticator = {
  authenticate: ({ userName }, respond) => respond({ result: 'accepted', user: userName }),
}
