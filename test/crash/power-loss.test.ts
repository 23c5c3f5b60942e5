import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PowerLoss } from './power-loss.ts'

let folder: string
let directory: string
let power: PowerLoss
let workshop: string
let library: string

beforeAll(async () => {
  workshop = await mkdtemp(join(tmpdir(), 'topiary-power-'))
  library = await PowerLoss.compile(join(import.meta.dirname, 'last-synced.c'), workshop)
})
afterAll(() => rm(workshop, { recursive: true }))

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topiary-power-'))
  directory = join(folder, 'live')
  power = new PowerLoss(directory, join(folder, 'synced'), library)
})
afterEach(() => rm(folder, { recursive: true }))

/** Runs a script with the directory's path in `dir`, in a process that kills itself at the end. */
function dying(script: string): void {
  const text = `const dir = ${JSON.stringify(directory)}\n${script}\nprocess.kill(process.pid, 'SIGKILL')`
  const args = ['--input-type=module', '-e', text]
  const env = { ...process.env, ...power.environment }
  const { signal, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8', cwd: import.meta.dirname })
  expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' })
}

async function keys(): Promise<string[]> {
  const db = new ClassicLevel(directory)
  const found = await db.keys().all()
  await db.close()
  return found
}

const files = `
  import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs'
  mkdirSync(dir)
  const open = (name) => openSync(dir + '/' + name, 'a')
  const a = open('a')
  writeSync(a, 'one')
  fsyncSync(a)`

const textOf = (name: string): Promise<string | undefined> =>
  readFile(join(directory, name), 'utf8').catch(() => undefined)

describe('after a power loss a file', () => {
  const cases: readonly (readonly [string, string, Readonly<Record<string, string | undefined>>])[] = [
    ['has what was synced', '', { a: 'one' }],
    ['lacks what was written since', `writeSync(a, 'two')`, { a: 'one' }],
    ['has what was synced later', `writeSync(a, 'two'); fsyncSync(a); writeSync(a, '!')`, { a: 'onetwo' }],
    ['is not there when it was never synced', `writeSync(open('b'), 'x')`, { a: 'one', b: undefined }],
    ['has its old name when no sync followed', `renameSync(dir + '/a', dir + '/b')`, { a: 'one', b: undefined }],
    [
      'has its name when another one was synced after it was made',
      `writeSync(open('b'), 'x'); fsyncSync(open('c')); open('d')`,
      { a: 'one', b: '', c: '', d: undefined },
    ],
    [
      'has its new name when a sync followed',
      `renameSync(dir + '/a', dir + '/b'); fsyncSync(open('c'))`,
      { a: undefined, b: 'one', c: '' },
    ],
    ['is back when no sync followed its removal', `unlinkSync(dir + '/a')`, { a: 'one' }],
    ['is gone when a sync followed its removal', `unlinkSync(dir + '/a'); fsyncSync(open('c'))`, { a: undefined }],
    [
      'is empty when it was renamed before any sync',
      `writeSync(open('b'), 'x'); renameSync(dir + '/b', dir + '/a'); fsyncSync(open('c'))`,
      { a: '', b: undefined },
    ],
    [
      'is another one when its name was given anew',
      `unlinkSync(dir + '/a'); const b = open('a'); writeSync(b, 'three'); fsyncSync(b)`,
      { a: 'three' },
    ],
  ]
  it.each(cases)('%s', async (_name, script, left) => {
    dying(`${files}\n${script}`)
    await power.lose()
    for (const [name, text] of Object.entries(left)) expect(await textOf(name), name).toBe(text)
  })
})

describe('after a power loss a database', () => {
  const script = `
    import { ClassicLevel } from 'classic-level'
    const db = new ClassicLevel(dir)
    await db.open()
    await db.put('synced', '1', { sync: true })
    await db.put('not synced', '2')`

  it('has what was synced, and only that', async () => {
    dying(script)
    await power.lose()
    expect(await keys()).toEqual(['synced'])
  })

  it('would have had the rest after a kill alone', async () => {
    dying(script)
    await rename(join(folder, 'synced'), join(folder, 'unused'))
    expect(await keys()).toEqual(['not synced', 'synced'])
  })

  it('opens after compactions too', async () => {
    dying(`${script}
      for (let round = 0; round < 3; round++) {
        for (let key = 0; key < 50; key++) await db.put('k' + key, String(round).repeat(10_000))
        await db.compactRange('a', 'z')
        await db.put('round', String(round), { sync: true })
      }`)
    await power.lose()
    expect(await keys()).toHaveLength(53)
  })
})
