import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PacketIdSet } from '../../src/structures/packet-id-set.ts'

it('PacketIdSet is a set', () => {
  const change = fc.tuple(fc.constantFrom('add', 'delete'), fc.nat(8))
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const ids = new PacketIdSet()
      const model = new Set<number>()
      expect([...ids]).toEqual([])
      for (const [action, id] of changes) {
        if (action === 'delete') expect(ids.delete(id)).toBe(model.delete(id))
        else {
          ids.add(id)
          model.add(id)
        }
        expect([ids.size, ids.has(id), ...ids]).toEqual([model.size, model.has(id), ...model])
      }
    }),
  )
})
