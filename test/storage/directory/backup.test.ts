import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { backupCommand } from '../../../src/cli/backup.ts'
import { restoreCommand } from '../../../src/cli/restore.ts'
import type { Command } from '../../../src/cli/command.ts'
import { backUp } from '../../../src/storage/tools/backup.ts'
import { examine } from '../../../src/storage/tools/doctor.ts'
import { fakeTerminal } from '../../cli/fake-terminal.ts'
import { LiveDirectory } from './live-directory.ts'
import { Scene } from './scene.ts'

let scene: Scene
let live: LiveDirectory
beforeEach(async () => {
  scene = await Scene.begin()
  live = new LiveDirectory(scene.data)
  await live.open()
  await live.openSessions(4)
})
afterEach(async () => {
  await live.store.close()
  await scene.end()
})

const target = () => join(scene.root, 'backup')

async function run(command: Command, ...argv: string[]): Promise<{ code: number; out: string }> {
  const terminal = fakeTerminal()
  const code = await command.run(argv, terminal)
  return { code, out: terminal.out() }
}

/** What a directory holds, as a store reads it. */
async function stateIn(directory: string): Promise<LiveDirectory['state']> {
  const reader = new LiveDirectory(directory)
  await reader.open()
  await reader.store.close()
  return reader.state
}

describe('topiary backup', () => {
  it('holds all that was acknowledged before it began, while commits and compactions go on', async () => {
    const over = new AbortController()
    const acknowledged: string[] = []
    const writing = (async () => {
      for (let number = 0; !over.signal.aborted; number++) {
        const clientId = `later-${number}`
        const terms = { clientId, user: undefined, expirySeconds: 3600, sendQuota: 10 }
        await live.append([{ kind: 'session-opened', session: 1000 + number, ...terms }])
        await live.publish(1, 20, 20_000)
        acknowledged.push(clientId)
      }
    })()
    try {
      for (let round = 0; round < 3; round++) {
        while (acknowledged.length < (round + 1) * 8) await new Promise((resolve) => setImmediate(resolve))
        const promised = [...acknowledged]
        const directory = join(scene.root, `backup-${round}`)
        await backUp(scene.data, directory)
        expect((await examine(directory)).faults).toEqual([])
        const names = new Set([...(await stateIn(directory)).sessions.values()].map(({ clientId }) => clientId))
        expect(promised.filter((clientId) => !names.has(clientId))).toEqual([])
        await rm(directory, { recursive: true })
      }
    } finally {
      over.abort()
      await writing
    }
    expect((await scene.names()).filter((name) => name.startsWith('backup-'))).toEqual([])
  }, 60_000)

  it('begins again for what is new when the database has other files meanwhile', async () => {
    let attempts = 0
    await backUp(scene.data, target(), async () => {
      if (++attempts > 1) return
      await live.store.close()
      live = new LiveDirectory(scene.data)
      await live.open()
      await live.publish(1, 5, 100)
    })
    expect(attempts).toBe(2)
    expect((await examine(target())).faults).toEqual([])
    expect((await stateIn(target())).retainedMessages.size).toBe(live.state.retainedMessages.size)
  })

  it('can be looked at, restored, and opened', async () => {
    await live.publish(5, 10, 100)
    const { code, out } = await run(backupCommand, target(), '--data', scene.data)
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/is backed up in .*: 4 sessions, \d+ queued/) as string,
    })
    const restored = join(scene.root, 'restored')
    expect((await run(restoreCommand, target(), '--data', restored)).code).toBe(0)
    const state = await stateIn(restored)
    expect([...state.sessions.values()].map(({ queue }) => queue.size)).toEqual(
      [...live.state.sessions.values()].map(({ queue }) => queue.size),
    )
  })

  it('does not write into a directory that is not empty, and neither does restore', async () => {
    await mkdir(target())
    await writeFile(join(target(), 'mine'), '')
    await expect(run(backupCommand, target(), '--data', scene.data)).rejects.toThrow(/is not empty; name a directory/)
    await expect(run(restoreCommand, scene.data, '--data', target())).rejects.toThrow(/is not empty; move it away/)
    expect(await readFile(join(target(), 'mine'), 'utf8')).toBe('')
  })

  it('says what is missing', async () => {
    await expect(run(backupCommand, target(), '--data', scene.root)).rejects.toThrow(/is no data directory, or damaged/)
    await expect(run(backupCommand)).rejects.toThrow(/backup needs a directory/)
    await expect(run(restoreCommand, scene.data)).rejects.toThrow(/restore needs a place/)
    await backUp(scene.data, target())
    await rm(join(target(), 'VERSION'))
    await expect(run(restoreCommand, target(), '--data', join(scene.root, 'x'))).rejects.toThrow(
      /is no finished backup/,
    )
  })
})
