import { describe, expect, it } from 'vitest'
import { AclAuthorizer } from '../../src/auth/acl-authorizer.ts'
import { parseAclFile } from '../../src/auth/acl-file.ts'
import { Acl } from '../../src/auth/acl.ts'
import { ListenerAuthorizer } from '../../src/auth/listener-authorizer.ts'
import { RightsAuthorizer } from '../../src/auth/rights-authorizer.ts'
import { Whereabouts } from '../../src/auth/whereabouts.ts'
import type { Authorizer } from '../../src/contracts/authorizer.ts'
import type { PeerInfo } from '../../src/contracts/byte-stream.ts'

const openToAll = new RightsAuthorizer(undefined)
const fileOf = (text: string): Authorizer => new AclAuthorizer(new Acl(parseAclFile(text, 'acl'), '2.1'))
const common = fileOf('topic common\ntopic shared')
const own = new Map([
  ['north', fileOf('topic north\ntopic shared')],
  ['south', fileOf('topic south\ntopic shared')],
])

function peerAt(access: string | undefined, listener = 'mqtt://127.0.0.1:1883'): PeerInfo {
  return {
    ...{ transport: 'tcp', isEncrypted: false, address: '', port: 0, listener },
    ...{ allowsAnonymous: true, certificateUser: undefined },
    rules: { limits: {}, features: {}, clientIdFromUser: false, access },
  }
}

const away = (clientId: string) => ({ clientId, user: undefined, peer: undefined })
const receive = (topicName: string) => ({ action: 'receive', topicName, topicFilter: '#' }) as const
const publish = (topicName: string) => ({ action: 'publish', topicName, qos: 1, retain: false }) as const

describe('rules of a listener', () => {
  it.each([
    ['north', ['north', 'shared']],
    ['south', ['south', 'shared']],
    ['elsewhere', ['common', 'shared']],
    [undefined, ['common', 'shared']],
  ])('%s hold in the place of those for all', (access, allowed) => {
    const authorizer = new ListenerAuthorizer({ common, own })
    const client = { clientId: 'c', user: undefined, peer: peerAt(access) }
    const asked = ['common', 'north', 'south', 'shared']
    expect(asked.filter((topic) => authorizer.authorize(client, publish(topic)) === true)).toEqual(allowed)
    expect(asked.filter((topic) => authorizer.authorize(client, receive(topic)) === true)).toEqual(allowed)
  })

  it('hold for a client that is away as when it was there', () => {
    const authorizer = new ListenerAuthorizer({ common, own })
    authorizer.connected('c', peerAt('north'))
    expect(authorizer.authorize(away('c'), receive('north'))).toBe(true)
    expect(authorizer.authorize(away('c'), receive('south'))).toBe(false)
    expect(authorizer.authorize(away('c'), receive('common'))).toBe(false)
    expect(authorizer.epoch).toBe(0)
  })

  it('are guessed where nobody knows them: kept is what any allow, done is what all allow', () => {
    const authorizer = new ListenerAuthorizer({ common, own })
    const willPeer = { ...peerAt(undefined, ''), rules: undefined } // of a will that a restart found
    for (const topic of ['north', 'south', 'common']) {
      expect(authorizer.authorize(away('c'), receive(topic))).toBe(true)
      expect(authorizer.authorize(away('c'), publish(topic))).toBe(false)
      expect(authorizer.authorize({ ...away('c'), peer: willPeer }, publish(topic))).toBe(false)
    }
    expect(authorizer.authorize(away('c'), receive('nowhere'))).toBe(false)
    expect(authorizer.authorize(away('c'), publish('shared'))).toBe(true)
  })

  it('make earlier answers void once they are known, for whom they were guessed and nobody else', () => {
    const authorizer = new ListenerAuthorizer({ common, own })
    authorizer.authorize(away('agreed'), receive('shared'))
    authorizer.authorize(away('guessed'), receive('north'))
    authorizer.connected('new', peerAt('north'))
    authorizer.connected('agreed', peerAt('north'))
    expect(authorizer.epoch).toBe(0)
    authorizer.connected('guessed', peerAt('south'))
    expect(authorizer.epoch).toBe(1)
    authorizer.connected('guessed', peerAt('south'))
    expect(authorizer.epoch).toBe(1)
  })

  it('make earlier answers void for a client that comes in by another door', () => {
    const authorizer = new ListenerAuthorizer({ common, own })
    authorizer.connected('c', peerAt('one'))
    authorizer.connected('c', peerAt('two')) // of one kind: neither has rules of its own
    expect(authorizer.epoch).toBe(0)
    authorizer.connected('c', peerAt('north'))
    expect(authorizer.epoch).toBe(1)
  })

  it('can be exchanged', () => {
    const authorizer = new ListenerAuthorizer({ common: openToAll, own: new Map() })
    expect(authorizer.allowsAll('publish')).toBe(true)
    authorizer.connected('c', peerAt('north'))
    authorizer.replace({ common: openToAll, own })
    expect(authorizer.epoch).toBe(1)
    expect((['publish', 'receive', 'subscribe'] as const).map((action) => authorizer.allowsAll(action))).toEqual([
      false,
      false,
      true,
    ])
  })
})

it('what is remembered of clients has an end', () => {
  const whereabouts = new Whereabouts(2)
  for (const clientId of ['a', 'b', 'c']) whereabouts.remember(clientId, clientId)
  expect(['a', 'b', 'c'].map((clientId) => whereabouts.of(clientId))).toEqual(['a', 'b', 'c'])
  for (const clientId of ['b', 'd', 'e']) whereabouts.remember(clientId, clientId)
  expect(['a', 'b', 'c', 'd', 'e'].map((clientId) => whereabouts.of(clientId))).toEqual([undefined, 'b', 'c', 'd', 'e'])
})
