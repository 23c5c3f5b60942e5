import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appended, readBack } from '../contracts/store.suite.ts'
import { levelStoreOn, type LevelStoreScene, tinyLimits } from '../support/level-store-scene.ts'
import { MemoryDisk } from '../support/memory-key-value.ts'
import { ModelState } from '../support/model-state.ts'
import { happenings, messageFor, RecordScript } from '../support/record-script.ts'

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function opened(options = {}): Promise<LevelStoreScene & { disk: MemoryDisk; state: ModelState }> {
  const disk = new MemoryDisk()
  const state = new ModelState()
  const scene = levelStoreOn(disk, options)
  await scene.store.open(state)
  return { ...scene, disk, state }
}

const script = (): RecordScript => new RecordScript()
const open = { what: 0, which: 0, how: 0 }
const inlineMessage = { what: 14, which: 1, how: 4 }
const laterMessage = { what: 14, which: 1, how: 0 }

/** A session that is owed twenty messages, about to end. */
const aboutToEnd = async (limits: object) => {
  // each alone in its block: they came at different times
  const scene = await opened({ limits: { ...tinyLimits, ...limits } })
  const records = script()
  await appended(scene.store, records.batch(scene.state, [open]))
  for (let count = 0; count < 20; count++) await appended(scene.store, records.batch(scene.state, [laterMessage]))
  expect(scene.disk.keys('m|')).toHaveLength(20)
  const outstanding = scene.state.outstandingOf(1)
  scene.state.apply({ kind: 'session-ended', session: 1, outstanding })
  return { ...scene, end: () => appended(scene.store, [{ kind: 'session-ended', session: 1, outstanding }]) }
}

describe('LevelStore when a write fails', () => {
  it.each(['nothing-written', 'written'] as const)('opens anew and writes once more: %s', async (fault) => {
    const { store, disk, state } = await opened()
    disk.failNext(fault)
    await appended(store, script().batch(state, [open, inlineMessage, laterMessage]))
    expect(disk.handles).toBe(2)
    expect(store.statistics).toMatchObject({ failedBatches: 1, isDegraded: false })
    expect(state.changes).toEqual([])
    expect(disk.keys('c|')).toHaveLength(1)
  })

  it('refuses batches after the second failure, each in a later turn, and says so once', async () => {
    const { store, disk, state, logged } = await opened()
    disk.setFull(true)
    const records = script()
    await expect(appended(store, records.batch(state, [open]))).rejects.toThrow('no room')
    await expect(appended(store, records.batch(state, [open]))).rejects.toThrow('no room')
    expect(store.statistics.isDegraded).toBe(true)
    expect(state.changes.map((change) => change?.message)).toEqual(['no room: nothing-written'])
    expect(logged.filter((line) => line.startsWith('error'))).toHaveLength(1)
    let isWithin = true
    const answer = new Promise<boolean>((resolve) => store.append([], () => resolve(isWithin)))
    isWithin = false
    expect(await answer).toBe(false)
  })

  it('tries again when its time comes and writes what was missed before it takes anything', async () => {
    const { store, disk, state, tick, timers } = await opened()
    const records = script()
    await appended(store, records.batch(state, [open]))
    disk.setFull(true)
    await expect(appended(store, records.batch(state, [{ what: 3, which: 0, how: 1 }]))).rejects.toThrow('no room')
    tick()
    await turns(20)
    expect(store.statistics.isDegraded).toBe(true)
    disk.setFull(false)
    tick()
    const later = appended(store, records.batch(state, [{ what: 6, which: 0, how: 2 }]))
    await later
    expect(store.statistics.isDegraded).toBe(false)
    expect(state.changes).toHaveLength(2)
    expect(state.changes[1]).toBeUndefined()
    expect(timers()).toBe(0)
    disk.crash()
    const again = new ModelState()
    await levelStoreOn(disk).store.open(again)
    expect(again.toPlain()).toEqual(state.toPlain())
  })

  it('removes the commit and the messages of a batch whose outcome nobody knows', async () => {
    const { store, disk, state, tick } = await opened()
    const records = script()
    await appended(store, records.batch(state, [open]))
    disk.failNext('written', 'nothing-written')
    await expect(appended(store, records.batch(state, [laterMessage]))).rejects.toThrow('no room')
    expect(disk.keys('m|')).toHaveLength(1)
    state.forgetMessages(new Set([32]))
    tick()
    await turns(20)
    expect(disk.keys('m|')).toEqual([])
    expect(disk.keys('c|')).toHaveLength(2)
    expect(await readBack(store, [32])).toEqual([undefined])
  })

  it('gives an error to who reads while nothing can be read, and reads again after', async () => {
    const disk = new MemoryDisk()
    let canOpen = true
    const openDisk = () => (canOpen ? disk.open() : Promise.reject(new Error('no such disk')))
    const { store, tick } = levelStoreOn({ open: openDisk })
    await store.open(new ModelState())
    canOpen = false
    disk.failNext('nothing-written')
    await expect(appended(store, [])).rejects.toThrow('no such disk')
    await expect(readBack(store, [1])).rejects.toThrow('no such disk')
    canOpen = true
    tick()
    await turns(20)
    expect(await readBack(store, [32])).toEqual([undefined])
  })

  it('closes while degraded, and takes nothing after', async () => {
    const { store, disk, timers } = await opened()
    disk.setFull(true)
    await expect(appended(store, [])).rejects.toThrow('no room')
    await store.close()
    expect(timers()).toBe(0)
    await expect(appended(store, [])).rejects.toThrow('not open')
  })

  it('is after any faults what the broker is, without the messages of batches that failed', async () => {
    const step = fc.record({ batch: happenings, isFull: fc.boolean(), after: fc.constantFrom('', '', 'tick', 'crash') })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const disk = new MemoryDisk()
        let state = new ModelState()
        let scene = levelStoreOn(disk, { limits: tinyLimits })
        await scene.store.open(state)
        const records = new RecordScript()
        const settle = async (): Promise<void> => {
          disk.setFull(false)
          scene.tick()
          // nothing is appended here: a crash may come right after the recovery
          await turns(12)
          expect(scene.store.statistics.isDegraded).toBe(false)
        }
        for (const { batch, isFull, after } of steps) {
          disk.setFull(isFull)
          const first = records.nextSequence
          const failed = await appended(scene.store, records.batch(state, batch)).catch((error: Error) => error)
          if (failed instanceof Error) {
            const lost = Array.from({ length: records.nextSequence - first }, (_, index) => first + index)
            state.forgetMessages(new Set(lost))
          }
          if (after === '') continue
          await settle()
          if (after === 'tick') continue
          disk.crash()
          const expected = state.toPlain()
          state = new ModelState()
          scene = levelStoreOn(disk, { limits: tinyLimits })
          const { nextSequence } = await scene.store.open(state)
          expect(state.toPlain()).toEqual(expected)
          records.nextSequence = nextSequence
        }
        await settle()
        const owed = new Set<number>()
        state.visitOutstanding((sequence) => owed.add(sequence))
        const found = await readBack(scene.store, [...owed])
        expect(found.map((stored) => stored?.message.bytes)).toEqual(
          [...owed].map((sequence) => messageFor(sequence).bytes),
        )
        await scene.store.close()
      }),
      { numRuns: 100 },
    )
  })
})

describe('LevelStore and a session that ends with much', () => {
  it('gives its messages up in slices, without waiting for another batch', async () => {
    const { disk, end } = await aboutToEnd({ releaseSlice: 3 })
    const before = disk.writes
    await end()
    await turns(30)
    expect(disk.keys('m|')).toEqual([])
    expect(disk.writes - before).toBe(7)
  })

  it('finishes after a restart what a crash interrupted', async () => {
    const { disk, end } = await aboutToEnd({ releaseSlice: 3 })
    await end()
    disk.crash()
    expect(disk.keys('m|')).toHaveLength(17)
    const { store } = levelStoreOn(disk, { limits: tinyLimits })
    await store.open(new ModelState())
    await turns(60)
    expect(disk.keys('m|')).toEqual([])
    await store.close()
    expect(Buffer.from(disk.get('meta|state') as Uint8Array).toString()).toContain('"needsSweep":false')
  })
})
