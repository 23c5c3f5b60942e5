import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { maskedCrc32c } from '../../../src/storage/directory/level-crc.ts'
import { unsnapped } from '../../../src/storage/directory/level-snappy.ts'
import { checkTable } from '../../../src/storage/directory/level-table.ts'
import { Scene } from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await Scene.begin()
})
afterEach(() => scene.end())

async function table(): Promise<string> {
  await scene.fill()
  return scene.file(/\.ldb$/)
}

describe('CRC-32C', () => {
  // the check value of the polynomial and two of RFC 3720, unmasked
  it.each([
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 times ff', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ])('of %s is that of the standard, masked', (_name, bytes, crc) => {
    const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
    expect(maskedCrc32c(bytes, 0, bytes.length)).toBe(masked)
  })
})

describe('Snappy', () => {
  it.each([
    ['a literal', [3, 2 << 2, 97, 98, 99], 'abc'],
    ['a copy that runs into itself', [9, 2 << 2, 97, 98, 99, (2 << 2) | 1, 3], 'abcabcabc'],
    ['a copy with a longer way back', [6, 2 << 2, 97, 98, 99, (2 << 2) | 2, 3, 0], 'abcabc'],
  ])('undoes %s', (_name, bytes, text) => {
    expect(unsnapped(Uint8Array.from(bytes))?.toString()).toBe(text)
  })

  it.each([
    ['a length that is not reached', [4, 2 << 2, 97, 98, 99]],
    ['a copy of what is not there', [9, 2 << 2, 97, 98, 99, (2 << 2) | 1, 4]],
    ['a literal that ends too early', [3, 2 << 2, 97]],
    ['a giant length', [0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['nothing', []],
  ])('gives nothing for %s', (_name, bytes) => {
    expect(unsnapped(Uint8Array.from(bytes))?.length ?? 0).toBe(0)
  })
})

describe('the check of a table', () => {
  it('finds those of LevelDB sound, whole or by their index', async () => {
    await table()
    for (const name of await readdir(scene.db)) {
      if (!name.endsWith('.ldb')) continue
      for (const isWhole of [true, false]) {
        expect(await checkTable(join(scene.db, name), isWhole)).toMatchObject({ verdict: 'sound', damagedBlocks: 0 })
      }
    }
  })

  it('finds every flipped byte, wherever it is, and what it mends is sound', async () => {
    const path = await table()
    const bytes = await readFile(path)
    const verdicts = new Set<string>()
    for (let at = 0; at < bytes.length; at += 211) {
      const spoilt = Buffer.from(bytes)
      spoilt[at] = (spoilt[at] as number) ^ 0x10
      await writeFile(path, spoilt)
      const { verdict, mended } = await checkTable(path, true)
      verdicts.add(verdict)
      // the footer has some bytes that nobody reads
      if (at < bytes.length - 48) expect({ at, verdict }).not.toEqual({ at, verdict: 'sound' })
      if (mended === undefined) continue
      await writeFile(path, mended)
      // it has no filter, and nothing else is missing
      expect(await checkTable(path, true)).toMatchObject({ verdict: 'sound' })
    }
    expect([...verdicts].toSorted()).toEqual(expect.arrayContaining(['damaged', 'unreadable']))
  })
})
