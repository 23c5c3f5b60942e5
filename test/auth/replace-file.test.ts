import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { replaceFile } from '../../src/auth/replace-file.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-replace-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

it('a replaced file keeps its owner', async () => {
  const path = join(directory, 'users')
  const own = process.getuid?.() ?? 0
  const owner = own === 0 ? 12_345 : own // only root can give a file away
  writeFileSync(path, 'old')
  chownSync(path, owner, statSync(path).gid)
  await replaceFile(path, 'new')
  expect([readFileSync(path, 'utf8'), statSync(path).uid]).toEqual(['new', owner])
})

it('what cannot be put in its place is taken away again', async () => {
  const path = join(directory, 'users')
  mkdirSync(path)
  await expect(replaceFile(path, 'new')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/)
  expect(readdirSync(directory)).toEqual(['users'])
})
