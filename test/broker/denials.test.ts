import { expect, it } from 'vitest'
import { scene } from '../library/scene.ts'

it('clients with identifiers too long to remember are told apart by their address', async () => {
  const rights = { default: 'allow', rules: [{ deny: 'write', topics: ['no'] }] } as const
  const { broker, clock, lines, wire } = await scene({ rights })
  const said = () => lines.filter(({ message }) => message === 'not authorized').map(({ fields }) => fields['unsaid'])
  const ids = ['a', 'b', 'c'].map((letter) => letter.repeat(257))
  const remote = await Promise.all(ids.map((clientId) => wire({ clientId })))
  const near = await broker.connect({ clientId: 'd'.repeat(257) })
  const short = await wire({ clientId: 'e'.repeat(256) })
  const round = async () => {
    for (const client of [...remote, short]) await client.publish('no', '', { qos: 1 })
    await near.publish({ topic: 'no', qos: 1 }).catch(() => {})
  }
  await round()
  expect(said()).toEqual([undefined, undefined, undefined])
  clock.advance(10_000)
  await round()
  expect(said().slice(3)).toEqual([2, undefined, undefined])
})
