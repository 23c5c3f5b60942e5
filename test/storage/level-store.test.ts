import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { LevelKeyValue } from '../../src/storage/directory/level-key-value.ts'
import { describeStore } from '../contracts/store.suite.ts'
import { levelStoreOn, tinyLimits } from '../support/level-store-scene.ts'
import { MemoryDisk } from '../support/memory-key-value.ts'

const directories: string[] = []

afterAll(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true })
})

describeStore('LevelStore in memory', () => levelStoreOn(new MemoryDisk()).store)
describeStore('LevelStore with tiny limits', () => levelStoreOn(new MemoryDisk(), { limits: tinyLimits }).store)
describeStore('LevelStore on LevelDB', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'topiary-store-'))
  directories.push(directory)
  return levelStoreOn({ open: () => LevelKeyValue.open(directory) }).store
})
