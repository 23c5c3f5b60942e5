import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store, StoredMessage, StoreRecord } from '../../src/contracts/store.ts'
import { ModelState } from '../support/model-state.ts'
import { messageFor, payloadOf } from '../support/record-script.ts'

const ended = (session: number): StoreRecord => ({ kind: 'session-ended', session, outstanding: [] })

const opened = (session: number): StoreRecord => ({
  kind: 'session-opened',
  session,
  clientId: `c${session}`,
  user: undefined,
  expirySeconds: 60,
  sendQuota: 10,
})

const messageTo = (sequence: number, isForLater: boolean): StoreRecord => ({
  kind: 'message',
  sequence,
  message: messageFor(sequence),
  publishedAtMs: 1000 + sequence,
  recipients: [{ session: 1, position: sequence, qos: 1, retain: false, subscriptionIdentifiers: [] }],
  groups: [],
  isForLater,
})

/** Appends and waits; rejects with the error of the store. */
export function appended(store: Store, batch: readonly StoreRecord[]): Promise<void> {
  return new Promise((resolve, reject) => {
    store.append(batch, (error) => (error === undefined ? resolve() : reject(error)))
  })
}

export function readBack(store: Store, sequences: readonly number[]): Promise<readonly (StoredMessage | undefined)[]> {
  return new Promise((resolve, reject) => {
    store.read(sequences, (error, messages) => (error === undefined ? resolve(messages) : reject(error)))
  })
}

/** What every store must do, run against each of them. */
export function describeStore(name: string, create: () => Store | Promise<Store>): void {
  describe(`${name} as a store`, () => {
    let store: Store
    let state: ModelState
    beforeEach(async () => {
      store = await create()
      state = new ModelState()
      await store.open(state)
    })
    afterEach(() => store.close())

    it('answers in a later turn, never from within append', async () => {
      let isWithin = true
      const answer = new Promise<boolean>((resolve) => store.append([ended(1)], () => resolve(isWithin)))
      isWithin = false
      expect(await answer).toBe(false)
    })

    it('answers each batch once and without an error', async () => {
      const answers: unknown[] = []
      for (let batch = 0; batch < 5; batch++) {
        await new Promise<void>((resolve) =>
          store.append([ended(batch + 1), ended(9)], (error) => {
            answers.push(error)
            resolve()
          }),
        )
      }
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
      expect(answers).toEqual([undefined, undefined, undefined, undefined, undefined])
    })

    it('takes the next batch from within the answer to the one before', async () => {
      await new Promise<void>((resolve) => {
        store.append([ended(1)], () => store.append([ended(2)], () => resolve()))
      })
    })

    it('reads in a later turn, with an answer for each message asked for', async () => {
      let isWithin = true
      const answer = new Promise<readonly unknown[]>((resolve) =>
        store.read([5, 6], (error, messages) => resolve([isWithin, error, messages])),
      )
      isWithin = false
      expect(await answer).toEqual([false, undefined, [undefined, undefined]])
    })

    it('gives back messages whose batch is durable, when it keeps them', async () => {
      const batch = [opened(1), messageTo(1, false), messageTo(2, true)]
      for (const record of batch) state.apply(record)
      await appended(store, batch)
      const payloads = (await readBack(store, [2, 1, 3, 2, 1])).map((found) => found && payloadOf(found.message))
      const [one, two] = [payloadOf(messageFor(1)), payloadOf(messageFor(2))]
      expect(payloads).toEqual(store.keepsMessages ? [two, one, undefined, two, one] : payloads.map(() => undefined))
    })

    it('is not degraded while all goes well', async () => {
      await appended(store, [ended(1)])
      expect(store.statistics).toMatchObject({ isDegraded: false, failedBatches: 0, missingCommits: 0 })
      expect(state.changes).toEqual([])
    })

    it('may be closed more than once', async () => {
      await store.close()
      await store.close()
    })
  })
}
