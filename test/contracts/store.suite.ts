import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store, StoreRecord } from '../../src/contracts/store.ts'

const ended = (clientId: string): StoreRecord => ({ kind: 'session-ended', clientId })

/** What every store must do, run against each of them. */
export function describeStore(name: string, open: () => Store): void {
  describe(`${name} as a store`, () => {
    let store: Store
    beforeEach(() => (store = open()))
    afterEach(() => store.close())

    it('answers in a later turn, never from within append', async () => {
      let isWithin = true
      const answer = new Promise<boolean>((resolve) => store.append([ended('a')], () => resolve(isWithin)))
      isWithin = false
      expect(await answer).toBe(false)
    })

    it('answers each batch once and without an error', async () => {
      const answers: unknown[] = []
      for (let batch = 0; batch < 5; batch++) {
        await new Promise<void>((resolve) =>
          store.append([ended(`a${batch}`), ended('b')], (error) => {
            answers.push(error)
            resolve()
          }),
        )
      }
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
      expect(answers).toEqual([undefined, undefined, undefined, undefined, undefined])
    })

    it('may be closed more than once', async () => {
      await store.close()
      await store.close()
    })
  })
}
