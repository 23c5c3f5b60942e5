import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { watchMoves } from '../../../mosquitto-compat/run/moved-files.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-moved-'))
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(directory, { recursive: true })
})

it('a file that can no longer be looked at counts as moved, and ends nothing', () => {
  const file = join(directory, 'm.log')
  writeFileSync(file, '')
  let moves = 0
  const stop = watchMoves(
    () => [file],
    () => moves++,
  )
  vi.advanceTimersByTime(3000)
  expect(moves).toBe(0)
  renameSync(file, `${file}.1`)
  symlinkSync(file, file) // leads nowhere: looking at it throws
  vi.advanceTimersByTime(3000)
  expect(moves).toBe(1)
  stop()
})
