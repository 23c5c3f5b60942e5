import { blockOf } from '../../src/contracts/store.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LevelStore } from '../../src/storage/level-store.ts'
import { numberIn } from '../../src/storage/codecs/store-keys.ts'
import { appended, readBack } from '../contracts/store.suite.ts'
import { levelStoreOn, tinyLimits } from '../support/level-store-scene.ts'
import { MemoryDisk } from '../support/memory-key-value.ts'
import { ModelState } from '../support/model-state.ts'
import { happenings, messageFor, payloadOf, RecordScript } from '../support/record-script.ts'

const steps = fc.array(
  fc.record({
    batch: happenings,
    after: fc.constantFrom('go on', 'go on', 'go on', 'crash', 'close', 'fail', 'fail after'),
  }),
  { minLength: 1, maxLength: 40 },
)

const limits = fc.constantFrom(tinyLimits, { ...tinyLimits, logBytes: 0 }, { ...tinyLimits, logBytes: 5000 }, {})

async function expectMessages(store: LevelStore, state: ModelState): Promise<void> {
  const owed = new Set<number>()
  state.visitOutstanding((sequence) => owed.add(sequence))
  const found = await readBack(store, [...owed])
  const payloads = found.map((stored) => stored && payloadOf(stored.message))
  expect(payloads).toEqual([...owed].map((sequence) => payloadOf(messageFor(sequence))))
}

/** Messages on disk that nobody is owed. */
function unowed(disk: MemoryDisk, state: ModelState): number[] {
  const owed = new Set<number>()
  state.visitOutstanding((sequence) => owed.add(blockOf(sequence)))
  const kept = disk.keys('m|').map((key) => numberIn(Buffer.from(key, 'latin1')))
  return kept.filter((block) => !owed.has(block))
}

describe('LevelStore through crashes', () => {
  it('gives back what was durable and nothing else, however it was stopped and however often entities were written', async () => {
    await fc.assert(
      fc.asyncProperty(steps, limits, async (script, chosen) => {
        let disk = new MemoryDisk()
        let state = new ModelState()
        let { store } = levelStoreOn(disk, { limits: chosen })
        let opening = await store.open(state)
        const records = new RecordScript(opening.nextSequence, opening.nextSession)
        for (const { batch, after } of script) {
          if (after === 'fail') disk.failNext('nothing-written')
          if (after === 'fail after') disk.failNext('written')
          await appended(store, records.batch(state, batch))
          await expectMessages(store, state)
          if (after !== 'crash' && after !== 'close') continue
          const expected = state.toPlain()
          if (after === 'close') await store.close()
          else {
            // in flight when the power goes: it never was
            disk.hold()
            const lost = new ModelState()
            store.append(new RecordScript(records.nextSequence, records.nextSession).batch(lost, batch), () => {})
            disk = disk.afterCrash() // the store that is gone may still be at work on the other
          }
          state = new ModelState()
          const reopened = levelStoreOn(disk, { limits: chosen })
          store = reopened.store
          opening = await store.open(state)
          expect(state.toPlain()).toEqual(expected)
          expect(opening.damage).toEqual([])
          expect(opening.nextSequence).toBeGreaterThanOrEqual(records.nextSequence)
          expect(opening.nextSession).toBeGreaterThanOrEqual(records.nextSession)
          records.nextSequence = opening.nextSequence
          records.nextSession = opening.nextSession
          await expectMessages(store, state)
        }
        for (let more = 0; more < 12; more++) await appended(store, records.batch(state, []))
        await store.close()
        expect(unowed(disk, state)).toEqual([])
      }),
      { numRuns: 150 },
    )
  })

  it('leaves nothing on disk that nobody is owed, and a short log', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const disk = new MemoryDisk()
        const state = new ModelState()
        const { store } = levelStoreOn(disk, { limits: tinyLimits })
        await store.open(state)
        const records = new RecordScript()
        for (const { batch } of script) await appended(store, records.batch(state, batch))
        // what was put off rides on these
        for (let more = 0; more < 12; more++) await appended(store, records.batch(state, []))
        await store.close()
        expect(unowed(disk, state)).toEqual([])
        expect(store.statistics.logBytes).toBeLessThan(2000)
      }),
      { numRuns: 60 },
    )
  })

  it('keeps of each session itself and the segments it has now, once all of it is written', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const disk = new MemoryDisk()
        const state = new ModelState()
        const { store } = levelStoreOn(disk, { limits: { logBytes: 0 } })
        await store.open(state)
        const records = new RecordScript()
        for (const { batch } of script) await appended(store, records.batch(state, batch))
        await store.close()
        const sessions = [...state.sessions.keys()]
        const segments = sessions.flatMap((session) => state.session(session)?.segments ?? [])
        expect(disk.keys('s|')).toHaveLength(sessions.length)
        expect(disk.keys('q|')).toHaveLength(segments.length)
      }),
      { numRuns: 60 },
    )
  })

  it('keeps a message that went back to its group in the batch that ended its delivery', async () => {
    const disk = new MemoryDisk()
    const state = new ModelState()
    const { store } = levelStoreOn(disk)
    await store.open(state)
    const records = new RecordScript()
    await appended(
      store,
      records.batch(
        state,
        [0, 14].map((what) => ({ what, which: 1, how: 0 })),
      ),
    )
    await appended(store, [
      { kind: 'delivered', session: 1, position: 0, sequence: 32 },
      { kind: 'group-returned', topicFilter: '$share/a/t', sequence: 32 },
    ])
    expect((await readBack(store, [32]))[0]).toBeDefined()
    await store.close()
  })
})
