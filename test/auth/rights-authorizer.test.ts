import { expect, it } from 'vitest'
import { RightsAuthorizer } from '../../src/auth/rights-authorizer.ts'
import { Rights } from '../../src/auth/rights.ts'
import type { Access } from '../../src/contracts/authorizer.ts'

const client = { clientId: 'c', user: undefined, peer: undefined }
const publish: Access = { action: 'publish', topicName: 'a', qos: 1, retain: false }
const subscribe: Access = { action: 'subscribe', topicFilter: 'a', qos: 2 }
const receive: Access = { action: 'receive', topicName: 'a', topicFilter: 'a' }

it.each([publish, subscribe, receive])('without rights everybody may %o', (access) => {
  expect(new RightsAuthorizer(undefined).authorize(client, access)).toBe(true)
})

it('lowers a subscription, and says yes or no to everything else', () => {
  const authorizer = new RightsAuthorizer(new Rights({ rules: [{ allow: 'all', topics: ['a'], maximumQos: 1 }] }))
  expect(authorizer.authorize(client, subscribe)).toEqual({ maximumQos: 1 })
  expect(authorizer.authorize(client, publish)).toBe(true)
  expect(authorizer.authorize(client, { ...publish, qos: 2 })).toBe(false)
  expect(authorizer.authorize(client, receive)).toBe(true)
  expect(authorizer.authorize(client, { ...subscribe, topicFilter: 'b' })).toBe(false)
})
