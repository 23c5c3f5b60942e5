import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkFormat, STORE_FORMAT, writeFormat } from '../../src/storage/opening/format-migrations.ts'
import { GrowingBytes } from '../../src/storage/codecs/growing-bytes.ts'
import { numberedKey } from '../../src/storage/codecs/store-keys.ts'
import { appended, readBack } from '../contracts/store.suite.ts'
import { levelStoreOn, tinyLimits } from '../support/level-store-scene.ts'
import { MemoryDisk, nameOf } from '../support/memory-key-value.ts'
import { ModelState } from '../support/model-state.ts'
import { type Happening, happenings, RecordScript } from '../support/record-script.ts'

const open: Happening = { what: 0, which: 0, how: 0 }
const laterMessage: Happening = { what: 14, which: 1, how: 5 }
const retained: Happening = { what: 7, which: 1, how: 5 }

/** A disk after these batches, closed well. */
async function diskAfter(batches: readonly (readonly Happening[])[], limits: object = {}): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  const state = new ModelState()
  const { store } = levelStoreOn(disk, { limits })
  await store.open(state)
  const records = new RecordScript()
  for (const batch of batches) await appended(store, records.batch(state, batch))
  await store.close()
  return disk
}

async function reopened(disk: MemoryDisk) {
  const state = new ModelState()
  const scene = levelStoreOn(disk)
  return { ...scene, state, opening: await scene.store.open(state) }
}

const commit = (number: number): string => nameOf(numberedKey('c', number))

describe('LevelStore on damaged data', () => {
  it('counts commits that are missing, names them, and goes on behind them', async () => {
    const disk = await diskAfter([[open], [open], [open], [open], [open]])
    disk.delete(commit(2))
    disk.delete(commit(3))
    const { store, state, opening, logged } = await reopened(disk)
    expect(store.statistics.missingCommits).toBe(2)
    expect(opening.damage).toEqual([expect.stringMatching(/^Commits 2 to 3 are missing or damaged/)])
    expect(logged.filter((line) => line.startsWith('error'))).toEqual([expect.stringContaining('"from":2,"to":3')])
    expect([...state.sessions.keys()]).toEqual([1, 4, 5])
  })

  it.each([
    ['the first', 1, 4],
    ['one in the middle', 3, 4],
    ['the last', 5, 4],
  ])('sets a damaged commit aside: %s', async (_which, number, kept) => {
    const disk = await diskAfter([[open], [open], [open], [open], [open]])
    disk.flip(commit(number), 100)
    const { store, state, opening } = await reopened(disk)
    expect(store.statistics).toMatchObject({ missingCommits: 1, damagedValues: 1 })
    expect(state.sessions.size).toBe(kept)
    expect(opening.damage).toEqual([expect.stringContaining(`1 damaged commits (c|${number}) were set aside`)])
    expect(disk.keys('damaged|')).toEqual([`damaged|${commit(number)}`])
    expect(disk.keys('c|')).not.toContain(commit(number))
    await appended(store, [])
    await store.close()
    expect((await reopened(disk)).store.statistics.damagedValues).toBe(1)
  })

  it('says when the end of the log is gone', async () => {
    const disk = await diskAfter([[open], [open]])
    const { store } = levelStoreOn(disk)
    await store.open(new ModelState())
    store.keepCounters({ a: 1 })
    await appended(store, [])
    await store.close()
    disk.delete(commit(3))
    const after = await reopened(disk)
    expect(after.store.statistics.missingCommits).toBe(1)
    await appended(after.store, [])
    expect(disk.keys('c|')).toContain(commit(4))
  })

  it('skips a damaged entity and a damaged message', async () => {
    const many = Array.from({ length: 30 }, () => [retained, laterMessage])
    const disk = await diskAfter([[open], ...many], { ...tinyLimits, logBytes: 0 })
    const [topic] = disk.keys('r|')
    const [message] = disk.keys('m|')
    disk.flip(topic as string, 50)
    disk.flip(message as string, 50)
    const { store, opening, logged } = await reopened(disk)
    expect(opening.damage).toEqual([expect.stringContaining(`1 damaged retained messages (${topic}) were set aside`)])
    expect(disk.keys('damaged|')).toEqual([`damaged|${topic}`])
    expect(await readBack(store, [32])).toEqual([undefined])
    expect(store.statistics.damagedValues).toBe(2)
    expect(logged.at(-1)).toContain('messages are damaged and lost {"block":1')
  })

  it('finds its numbers again without meta|state, and never gives one twice', async () => {
    const disk = await diskAfter([[open], [laterMessage], [laterMessage]])
    disk.delete('meta|state')
    const { store, opening, state } = await reopened(disk)
    expect(opening.damage).toEqual([])
    // entities may name numbers that no commit knows: a start leaves many out
    expect(opening.nextSequence).toBeGreaterThan(1_000_000)
    expect(opening.nextSession).toBeGreaterThan(1_000_000)
    expect(state.sessions.size).toBe(1)
    await appended(store, [])
    expect(disk.keys('c|')).toContain(commit(4))
  })

  it('opens whatever bits are flipped and whatever keys are gone, and says so', async () => {
    const batches = fc.array(happenings, { minLength: 3, maxLength: 15 })
    const hits = fc.array(fc.record({ which: fc.nat(), bit: fc.nat(5000), isGone: fc.boolean() }), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(batches, hits, async (given, all) => {
        const disk = await diskAfter(given, tinyLimits)
        let flipped = 0
        for (const { which, bit, isGone } of all) {
          const keys = disk.keys().filter((key) => !key.startsWith('meta|format'))
          const key = keys[which % keys.length]
          if (key === undefined) continue
          if (isGone) disk.delete(key)
          else if (!key.startsWith('m|') && !key.startsWith('q|')) {
            disk.flip(key, bit)
            flipped++
          }
        }
        const isStillFlipped = flipped === 1 && all.filter(({ isGone }) => isGone).length === 0
        const { store, state, opening } = await reopened(disk)
        if (isStillFlipped) expect(opening.damage).not.toEqual([])
        await appended(store, new RecordScript(opening.nextSequence, opening.nextSession).batch(state, [open]))
        await store.close()
        const after = await reopened(disk)
        expect(after.state.toPlain()).toEqual(state.toPlain())
        expect(after.opening.damage.filter((sentence) => sentence.includes('set aside'))).toEqual([])
      }),
      { numRuns: 100 },
    )
  })
})

describe('LevelStore and what it keeps of itself', () => {
  it('keeps counters and the last wall time, and the clock never starts before it', async () => {
    const disk = new MemoryDisk()
    const { store } = levelStoreOn(disk, { wallMs: () => 5000 })
    await store.open(new ModelState())
    store.keepCounters({ sent: 7, received: 9 })
    await appended(store, [])
    disk.crash()
    const back = levelStoreOn(disk, { wallMs: () => 300 })
    expect(await back.store.open(new ModelState())).toMatchObject({
      lastKnownMs: 5000,
      counters: { sent: 7, received: 9 },
    })
    await appended(back.store, [])
    disk.crash()
    expect((await reopened(disk)).opening.lastKnownMs).toBe(5000)
  })

  it('refuses a database of a newer format and says who wrote it and what to do', async () => {
    const disk = await diskAfter([[open]])
    await writeFormat(await disk.open(), new GrowingBytes(), STORE_FORMAT + 1, '9.1')
    const opening = levelStoreOn(disk).store.open(new ModelState())
    await expect(opening).rejects.toMatchObject({
      name: 'StoreError',
      message: expect.stringMatching(/format 2, written by Topiary 9\.1.*Start Topiary 9\.1 or later.*--data/),
    })
  })

  it('refuses a format that nothing migrates', async () => {
    const disk = await diskAfter([[open]])
    await writeFormat(await disk.open(), new GrowingBytes(), 0, '0.0')
    await expect(levelStoreOn(disk).store.open(new ModelState())).rejects.toThrow(/version in between/)
  })

  it('brings an older format to its own, once', async () => {
    const disk = await diskAfter([[open], [retained]])
    const value = disk.get(commit(2)) as Uint8Array
    // what format 0 may have had: commits under another letter
    disk.delete(commit(2))
    disk.put(commit(2).replace('c|', 'C|'), value)
    await writeFormat(await disk.open(), new GrowingBytes(), 0, '0.0')
    let runs = 0
    const migrations = new Map([
      [
        0,
        async () => {
          runs++
          disk.put(commit(2), value)
        },
      ],
    ])
    const state = new ModelState()
    const { store } = levelStoreOn(disk, { migrations })
    await store.open(state)
    await store.close()
    expect(state.retainedMessages.size).toBe(1)
    expect((await reopened(disk)).store.statistics.missingCommits).toBe(0)
    expect(runs).toBe(1)
  })

  it('takes a database whose format cannot be read for one of its own, and says so', async () => {
    const disk = await diskAfter([[open]])
    disk.flip('meta|format', 42)
    const { opening, state } = await reopened(disk)
    expect(opening.damage).toEqual([expect.stringContaining('format version could not be read')])
    expect(state.sessions.size).toBe(1)
    const found = await checkFormat(await disk.open(), new GrowingBytes(), new Map())
    expect(found).toEqual({ isNew: false, damage: undefined })
  })
})
