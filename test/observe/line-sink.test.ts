import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LineSink } from '../../src/observe/line-sink.ts'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-sink-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const usual = { maximumWaitingBytes: 1024 * 1024 }

describe('lines on their way out', () => {
  it('are all in the file, in order, once the end is told', async () => {
    const file = join(directory, 'lines')
    const sink = new LineSink(openSync(file, 'w'), usual)
    const lines = Array.from({ length: 2000 }, (_, index) => `line ${index}, höchst wichtig\n`)
    for (const line of lines) sink.write(line)
    await sink.end(20_000)
    expect(readFileSync(file, 'utf8')).toBe(lines.join(''))
    expect(sink.dropped).toBe(0)
  })

  it('are dropped and counted where the disk is full, and later ones are tried again', async () => {
    const sink = new LineSink(openSync('/dev/full', 'w'), usual)
    for (let index = 0; index < 10; index++) sink.write(`line ${index}\n`)
    await sink.end(20_000)
    expect(sink.dropped).toBe(10)
  })

  it('are dropped when more wait than may, and what waited arrives', async () => {
    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
    const sink = new LineSink(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK), {
      maximumWaitingBytes: 200_000,
    })
    const line = `${'x'.repeat(999)}\n`
    for (let index = 0; index < 1000; index++) sink.write(line)
    expect(sink.dropped).toBeGreaterThan(700)
    const kept = (1000 - sink.dropped) * line.length
    let got = 0
    const ended = sink.end(20_000)
    const buffer = Buffer.alloc(64 * 1024)
    while (got < kept) {
      await new Promise((resolve) => setImmediate(resolve))
      try {
        got += readSync(reader, buffer)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      }
    }
    await ended
    expect(got).toBe(kept)
    closeSync(reader)
  })

  it('hold up no end for longer than is said', async () => {
    const pipe = join(directory, 'unread')
    execFileSync('mkfifo', [pipe])
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
    const sink = new LineSink(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK), usual)
    sink.write('x'.repeat(500_000))
    await sink.end(1)
    closeSync(reader)
  })

  it('after the end are dropped', async () => {
    const file = join(directory, 'ended')
    writeFileSync(file, '')
    const sink = new LineSink(openSync(file, 'w'), usual)
    await sink.end(20_000)
    sink.write('late\n')
    expect({ dropped: sink.dropped, text: readFileSync(file, 'utf8') }).toEqual({ dropped: 1, text: '' })
  })
})
