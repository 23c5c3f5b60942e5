import { spawn } from 'node:child_process'
import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ballastBytes } from '../../../src/storage/directory/ballast.ts'
import { LevelKeyValue } from '../../../src/storage/directory/level-key-value.ts'
import { bytes, count, keyOf, Scene, write } from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await Scene.begin()
})
afterEach(() => scene.end())

/** Runs a task as a user who may do what its files say; root may do everything. */
async function asNobody<Result>(task: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return task()
  await chmod(scene.root, 0o755)
  process.seteuid?.(65_534)
  try {
    return await task()
  } finally {
    process.seteuid?.(0)
  }
}

describe('a data directory that is sound', () => {
  it('is made with mode 0700, says what it is and holds a ballast that is really allocated', async () => {
    const directory = scene.directory()
    await (await directory.open()).close()
    expect((await stat(scene.data)).mode & 0o777).toBe(0o700)
    expect(await scene.names()).toEqual(['VERSION', 'ballast', 'db'])
    expect(await readFile(join(scene.data, 'VERSION'), 'utf8')).toMatch(
      /^Topiary data directory\nformat: 1\nwritten by: 1\.2\.3\nfiles set aside: 0\nclosed with: 000003\.log, 0 bytes\n/,
    )
    const { size, blocks } = await stat(join(scene.data, 'ballast'))
    expect(size).toBe(ballastBytes)
    expect(blocks * 512).toBeGreaterThanOrEqual(ballastBytes)
    expect(directory.findings).toEqual([])
  })

  it('opens again with all that was written, and nothing to say', async () => {
    await scene.fill()
    const directory = scene.directory()
    const keyValue = await directory.open()
    expect(await count(keyValue)).toEqual({ entries: 800, damage: [] })
    await keyValue.close()
    expect([...directory.findings, ...scene.log.lines]).toEqual([])
  })

  it('is said to belong to another user when root opens it', async () => {
    await (await scene.directory().open()).close()
    expect(scene.log.lines).toEqual([])
    const another = process.getuid?.() === 0 ? 65_534 : process.getuid?.()
    if (another === 65_534) await chown(scene.data, another, another)
    const asRoot = vi.spyOn(process, 'getuid').mockReturnValue(0)
    await (await scene.directory().open()).close()
    asRoot.mockRestore()
    expect(scene.log.lines).toEqual([expect.stringMatching(/^warn: the state belongs to another user, .*chown/)])
  })

  it('opens again after its handle was closed because of a failed batch', async () => {
    const directory = scene.directory()
    const first = await directory.open()
    await write(first, [bytes('k')], bytes('v'))
    await first.close()
    const second = await directory.open()
    expect(await second.getMany([bytes('k'), bytes('none')])).toEqual([bytes('v'), undefined])
    await second.close()
  })

  it('opens when a process that was killed left its lock file and half-done files', async () => {
    await scene.fill()
    await scene.plant('ballast.unfinished', 'x')
    await scene.plant('VERSION.0badcafe.tmp', 'x')
    await mkdir(join(scene.data, 'recovering'))
    const killed = spawn(process.execPath, ['-e', holdOpen(scene.db)], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(killed.stdout, 'data')
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    expect(await scene.names('db')).toContain('LOCK')
    const directory = scene.directory()
    const keyValue = await directory.open()
    expect((await count(keyValue)).entries).toBe(800)
    await keyValue.close()
    expect(directory.findings).toEqual([])
    expect(await scene.names()).toEqual(['VERSION', 'ballast', 'db'])
  })
})

describe('a data directory that is refused', () => {
  it('is in use by another process, which is named', async () => {
    await scene.fill()
    const other = spawn(process.execPath, ['-e', holdOpen(scene.db)], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await once(other.stdout, 'data')
      const who = process.platform === 'linux' ? `process ${other.pid}` : 'another process'
      await expect(scene.directory().open()).rejects.toMatchObject({
        fault: 'in-use',
        message: expect.stringContaining(`is in use by ${who}`) as string,
      })
      // and also where it looks damaged: it is not repaired under the feet of the other
      await scene.remove(/^CURRENT$/)
      await expect(scene.directory().open()).rejects.toMatchObject({ fault: 'in-use' })
      expect(await scene.names('db')).not.toContain('lost')
    } finally {
      other.kill('SIGKILL')
      await once(other, 'exit')
    }
  })

  it('is a file', async () => {
    await writeFile(scene.data, '')
    await expect(scene.directory().open()).rejects.toThrow(/data is a file and not a directory; choose another/)
  })

  it('was written by a newer version', async () => {
    await scene.plant('VERSION', 'Topiary data directory\nformat: 7\nwritten by: 2.3.0\nfiles set aside: 0\n')
    await expect(scene.directory().open()).rejects.toThrow(
      /was written by Topiary 2\.3\.0 in format 7, .* up to 1; install 2\.3\.0 or newer, or choose another directory/,
    )
    expect(await scene.names()).toEqual(['VERSION'])
  })

  it('has no rights for us', async () => {
    await mkdir(scene.data, { mode: 0o500 })
    await expect(asNobody(() => scene.directory().open())).rejects.toThrow(
      /no right to read and write .* \(chown -R USER/,
    )
  })

  it.each([
    ['IO error: /x/db/LOCK: Permission denied', 'no-rights', /no right to read and write .*chown -R USER/],
    ['IO error: /x/db/LOG: Read-only file system', 'no-rights', /Read-only file system.*choose another directory/],
    ['IO error: /x/db/000004.log: No space left on device', 'full', /the disk of .* is full.*make room for 32 MiB/],
    ['IO error: /x/db/000004.log: Too many open files', 'unusable', /Too many open files.*topiary doctor/],
  ])('LevelDB says "%s" (in its place, since root may do everything)', async (message, fault, sentence) => {
    const openDatabase = () => Promise.reject(Object.assign(new Error(message), { code: 'LEVEL_IO_ERROR' }))
    const failure = await scene
      .directory({ openDatabase })
      .open()
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'StoreError', fault })
    expect(String(failure)).toMatch(sentence)
    expect(await scene.names()).not.toContain('set-aside')
  })
})

describe('a disk that is full', () => {
  const full = Object.assign(new Error('IO error: No space left on device'), { code: 'LEVEL_IO_ERROR' })

  it('gets the ballast back so that the database opens, and keeps it while there is room', async () => {
    await scene.fill()
    const attempts: boolean[] = []
    const directory = scene.directory({
      openDatabase: async (path, onDamage) => {
        const hasBallast = (await scene.names()).includes('ballast')
        attempts.push(hasBallast)
        if (hasBallast) throw full
        return LevelKeyValue.open(path, onDamage)
      },
    })
    const keyValue = await directory.open()
    expect((await count(keyValue)).entries).toBe(800)
    await keyValue.close()
    expect(attempts).toEqual([true, false])
    expect(scene.log.lines).toEqual(['warn: the disk is full: the ballast was released'])
    // there was room after all
    expect(await scene.names()).toContain('ballast')
  })

  it('is an error when the ballast does not help, and nothing is thrown away', async () => {
    await scene.fill()
    await expect(scene.directory({ openDatabase: () => Promise.reject(full) }).open()).rejects.toMatchObject({
      fault: 'full',
    })
    const keyValue = await scene.directory().open()
    expect((await count(keyValue)).entries).toBe(800)
    await keyValue.close()
  })
})

describe('a data directory that is damaged', () => {
  const all = 800
  // what happened -> what is still there, what is said, what is set aside
  const cases: readonly [string, () => Promise<void>, { least: number; said: RegExp; aside: RegExp[] }][] = [
    [
      'CURRENT is missing',
      () => scene.remove(/^CURRENT$/),
      { least: all, said: /CURRENT is missing\) and has been repaired/, aside: [/^\d+\.log\./, /^MANIFEST-\d+\./] },
    ],
    [
      'CURRENT is empty',
      () => scene.cut(/^CURRENT$/, 0),
      { least: all, said: /has been repaired/, aside: [/^\d+\.log\./, /^CURRENT\./, /^MANIFEST-\d+\./] },
    ],
    [
      'CURRENT has a flipped byte',
      () => scene.flip(/^CURRENT$/, 10),
      { least: all, said: /has been repaired/, aside: [/^\d+\.log\./, /^CURRENT\./, /^MANIFEST-\d+\./] },
    ],
    [
      'the manifest is missing',
      () => scene.remove(/^MANIFEST/),
      { least: all, said: /has been repaired/, aside: [/^\d+\.log\./, /^CURRENT\./] },
    ],
    [
      'the manifest has a flipped byte',
      () => scene.flip(/^MANIFEST/, 20),
      { least: all, said: /has been repaired/, aside: [/^\d+\.log\./, /^MANIFEST-\d+\./] },
    ],
    [
      'a log has a flipped byte',
      () => scene.flip(/\.log$/, 200_000),
      { least: 500, said: /the log \d+\.log was damaged: \d+ bytes/, aside: [/^\d+\.log\./] },
    ],
    [
      'the log is missing',
      () => scene.remove(/\.log$/),
      { least: 400, said: /^\d+ bytes of the log \d+\.log are missing/, aside: [] },
    ],
    [
      'a log is cut off after an orderly end',
      () => scene.cut(/\.log$/, 200_000),
      { least: 500, said: /^\d+ bytes of the log \d+\.log are missing/, aside: [] },
    ],
    [
      'a table is missing',
      () => scene.remove(/\.ldb$/),
      { least: 400, said: /missing files.*has been repaired/, aside: [/^\d+\.log\./, /^MANIFEST-\d+\./] },
    ],
    [
      'a table is cut off',
      () => scene.cut(/\.ldb$/, 5000),
      {
        least: 400,
        said: /cut off: \d+\.ldb\) and has been repaired/,
        aside: [/^\d+\.ldb\./, /^\d+\.log\./, /^MANIFEST-\d+\./],
      },
    ],
  ]

  it.each(cases)('opens when %s', async (_name, damage, { least, said, aside }) => {
    await scene.fill()
    await damage()
    const directory = scene.directory()
    const keyValue = await directory.open()
    expect((await count(keyValue)).entries).toBeGreaterThanOrEqual(least)
    await write(keyValue, [bytes('after')], bytes('x'))
    await keyValue.close()
    expect(directory.findings.join('\n')).toMatch(said)
    expect(scene.log.lines).toEqual(directory.findings.map((finding) => `error: ${finding}`))
    const names = (await scene.names()).includes('set-aside') ? await scene.names('set-aside') : []
    expect(names).toHaveLength(aside.length)
    for (const [index, pattern] of aside.entries()) expect(names[index]).toMatch(pattern)
    for (const name of names) expect(name).toMatch(/\.20260102T030405Z(-\d+)?$/)
    expect(await readFile(join(scene.data, 'VERSION'), 'utf8')).toContain(`files set aside: ${names.length}\n`)
    const again = scene.directory()
    const sound = await again.open()
    expect(await count(sound)).toMatchObject({ damage: [] })
    await sound.close()
    expect(again).toMatchObject({ findings: [], filesSetAside: names.length })
  })

  it('leaves out a block that is damaged before LevelDB reads it, and keeps the others of its table', async () => {
    await scene.fill()
    await scene.flip(/\.ldb$/, 2000)
    const directory = scene.directory()
    const keyValue = await directory.open()
    const { entries, damage } = await count(keyValue)
    expect(entries).toBeGreaterThanOrEqual(780)
    expect(entries).toBeLessThan(all)
    expect(damage).toEqual([])
    await keyValue.close()
    expect(directory.findings).toEqual([
      expect.stringMatching(/1 blocks of \d+\.ldb are damaged\) and has been repaired/),
    ])
  })

  it('goes past a block that goes bad while it is in use, and mends it at the next opening', async () => {
    await scene.fill()
    const directory = scene.directory()
    const keyValue = await directory.open()
    await scene.flip(/\.ldb$/, 2000, 100)
    const { entries, damage } = await count(keyValue)
    expect(entries).toBeGreaterThanOrEqual(700)
    expect(damage).toHaveLength(1)
    const values = await keyValue.getMany(Array.from({ length: 400 }, (_, number) => keyOf(number)))
    expect(values.filter((value) => value instanceof Error)).toHaveLength(all - entries)
    await keyValue.close()
    const again = await directory.open()
    const after = await count(again)
    expect(after.damage).toEqual([])
    expect(after.entries).toBeGreaterThanOrEqual(780)
    await again.close()
    expect(directory.findings).toHaveLength(1)
  })

  it('sets the whole database aside when repair does not help, and says so loudly', async () => {
    await scene.fill()
    const openDatabase: typeof LevelKeyValue.open = async (path, onDamage) => {
      if ((await scene.names()).includes('set-aside') && !(await scene.names()).includes('db'))
        return LevelKeyValue.open(path, onDamage)
      throw Object.assign(new Error('Corruption: beyond'), { code: 'LEVEL_CORRUPTION' })
    }
    const directory = scene.directory({ openDatabase })
    const keyValue = await directory.open()
    expect((await count(keyValue)).entries).toBe(0)
    await keyValue.close()
    expect(directory.findings.at(-1)).toMatch(/damaged beyond repair .* new, empty one is begun: all sessions/)
    expect(await scene.names('set-aside')).toContain('db.20260102T030405Z')
  })

  it('says so when the database is gone, and begins an empty one', async () => {
    await scene.fill()
    await rm(scene.db, { recursive: true })
    const directory = scene.directory()
    await (await directory.open()).close()
    expect(directory.findings).toEqual([expect.stringMatching(/the database \(db\) is missing; an empty one is begun/)])
  })

  it.each(['', 'format: 1\n', 'Topiary data directory\nformat: one\n'])(
    'derives VERSION anew from %j',
    async (text) => {
      await scene.fill()
      await scene.plant('VERSION', text)
      const directory = scene.directory()
      const keyValue = await directory.open()
      expect((await count(keyValue)).entries).toBe(all)
      await keyValue.close()
      expect(directory.findings).toEqual([expect.stringMatching(/^the file VERSION could not be read/)])
      expect(await readFile(join(scene.data, 'VERSION'), 'utf8')).toContain('format: 1\n')
      expect(await scene.names('set-aside')).toEqual(['VERSION.20260102T030405Z'])
    },
  )
})

/** A program that opens a database, says so and stays. */
function holdOpen(db: string): string {
  return `const { ClassicLevel } = require('classic-level'); const db = new ClassicLevel(${JSON.stringify(db)})
    db.open().then(() => { console.log('open'); setInterval(() => {}, 1000) })`
}
