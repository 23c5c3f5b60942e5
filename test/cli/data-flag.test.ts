import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { killSpawnedClients, spawnClient, type SpawnedClient } from '../clients/spawned-client.ts'
import { builtPackage } from '../support/built-package.ts'

let mainFile: string
let folder: string

beforeAll(async () => {
  mainFile = (await builtPackage()).topiary
}, 60_000)
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topiary-data-flag-'))
})
afterEach(async () => {
  killSpawnedClients()
  await rm(folder, { recursive: true, maxRetries: 5 })
})

/** In a folder of its own. */
function topiary(...flags: readonly string[]): SpawnedClient {
  const words = [process.execPath, mainFile, ...flags].map((word) => `'${word}'`).join(' ')
  return spawnClient('sh', ['-c', `cd '${folder}' && exec ${words}`])
}

const start = ['--port', '0', '--no-ws', '--log-level', 'silent'] as const

async function urlOf(started: SpawnedClient): Promise<string> {
  return (await started.line(/mqtt:/)).trim()
}

describe('topiary start', () => {
  const places: readonly (readonly [flags: readonly string[], place: string, made: readonly string[]])[] = [
    [[], './topiary-data', ['topiary-data']],
    [['--data', 'here/below'], './here/below', ['here']],
    [['--memory'], 'memory only', []],
  ]
  it.each(places)('with %j keeps state in %s', async (flags, place, made) => {
    const started = topiary(...start, ...flags)
    await urlOf(started)
    started.kill('SIGTERM')
    expect(await started.ended).toMatchObject({
      code: 0,
      out: expect.stringContaining(`; state is kept in ${place}\n`),
    })
    expect(await readdir(folder)).toEqual(made)
  })

  it('has what was kept when it starts again', async () => {
    const first = topiary(...start)
    const publish = ['pub', '-t', 'a', '-q', '1', '-r', '-m', 'kept', '--url']
    expect(await topiary(...publish, await urlOf(first)).ended).toMatchObject({ code: 0, err: '' })
    first.kill('SIGKILL')
    await first.ended
    const outcome = await topiary('sub', '-t', 'a', '-C', '1', '--url', await urlOf(topiary(...start))).ended
    expect(outcome).toEqual({ code: 0, out: 'kept\n', err: '' })
  })

  it('says in one line that a broker is there already', async () => {
    await urlOf(topiary(...start))
    const { code, out, err } = await topiary(...start).ended
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(/^topiary: [^\n]*topiary-data[^\n]*\n$/)
  })

  it('says in one line that its directory is a file', async () => {
    await writeFile(join(folder, 'file'), '')
    const { code, out, err } = await topiary(...start, '--data', 'file').ended
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(/^topiary: [^\n]*file is a file and not a directory[^\n]*\n$/)
  })
})
