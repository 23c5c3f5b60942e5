import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LineWriter } from '../../../mosquitto-compat/log/line-writer.ts'
import { type LogDestination, logTypes } from '../../../mosquitto-compat/process-terms.ts'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-lines-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

let nowMs = 1_700_000_000_000

function writerTo(destination: LogDestination, logger?: string): LineWriter {
  const terms = {
    destinations: [destination],
    types: new Set(logTypes),
    facility: 'daemon' as const,
    timestamps: false,
    timestampFormat: undefined,
    connectionMessages: true,
  }
  return new LineWriter(terms, { now: () => new Date(nowMs), publish() {}, ...(logger !== undefined && { logger }) })
}

/** Turns of the loop go by until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  const giveUpMs = performance.now() + 10_000
  while (!isSo()) {
    if (performance.now() > giveUpMs) throw new Error('it never became so')
    await new Promise(setImmediate)
  }
}

/** Whatever the disk answers has been heard. */
async function calm(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await stat('/')
}

describe('lines of the log', () => {
  it.each([
    ['a line end', 'a\nNew client', 'a\\u000aNew client'],
    ['a carriage return', 'a\rb', 'a\\u000db'],
    ['a colour', '\u001B[31m', '\\u001b[31m'],
    ['a control character above ASCII', 'a\u0085b', 'a\\u0085b'],
    ['a line separator', 'a\u2028b', 'a\\u2028b'],
    ['a tab, which is in lines of ours', '\ta', '\ta'],
    ['other letters', 'Käse \u{1F600}', 'Käse \u{1F600}'],
  ])('keep %s from forging another', async (name, text, line) => {
    const path = join(directory, `${name}.log`)
    const writer = writerTo({ kind: 'file', path })
    writer.write('notice', text)
    await until(() => readFileSync(path, 'utf8').endsWith('\n'))
    writer.close()
    expect(readFileSync(path, 'utf8')).toBe(`${line}\n`)
  })

  it('are lost on a full disk, and hold up neither the broker nor its end', async () => {
    const faults: unknown[] = []
    const note = (error: unknown): void => void faults.push(error)
    process.on('uncaughtException', note)
    const writer = writerTo({ kind: 'file', path: '/dev/full' })
    writer.write('notice', 'a line')
    await calm()
    writer.write('notice', 'another')
    await calm()
    writer.close()
    process.off('uncaughtException', note)
    expect(faults).toEqual([])
  })

  it('need a reader of a named pipe from the beginning, and do not wait for one', async () => {
    const path = join(directory, 'pipe')
    execFileSync('mkfifo', [path])
    expect(() => writerTo({ kind: 'file', path })).toThrow(`cannot open the log file ${path}: ENXIO`)
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writer = writerTo({ kind: 'file', path })
    writer.write('notice', 'heard')
    await calm()
    const heard = Buffer.alloc(16)
    expect(heard.toString('utf8', 0, readSync(reader, heard))).toBe('heard\n')
    writer.close()
    closeSync(reader)
  })

  it('go to syslog again after the program that hands them on has ended', async () => {
    const heard = join(directory, 'heard')
    const logger = join(directory, 'logger')
    writeFileSync(logger, `#!/bin/sh\nread -r line; echo "$line" >> ${heard}\n`, { mode: 0o755 })
    const lines = (): string => {
      try {
        return readFileSync(heard, 'utf8')
      } catch {
        return ''
      }
    }
    const writer = writerTo({ kind: 'syslog' }, logger)
    writer.write('notice', 'first')
    await until(() => lines() === '<29>first\n')
    await until(() => {
      nowMs += 5000
      writer.write('notice', 'next')
      return lines().includes('<29>next\n')
    })
    writer.close()
  })
})
