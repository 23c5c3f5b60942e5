import { blockOf } from '../../../src/contracts/store.ts'
import { createHash } from 'node:crypto'
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { doctorCommand } from '../../../src/cli/doctor.ts'
import { examine } from '../../../src/storage/tools/doctor.ts'
import { LevelKeyValue } from '../../../src/storage/directory/level-key-value.ts'
import { numberedKey } from '../../../src/storage/codecs/store-keys.ts'
import { fakeTerminal } from '../../cli/fake-terminal.ts'
import { LiveDirectory } from './live-directory.ts'
import { Scene, write } from './scene.ts'

let scene: Scene
let live: LiveDirectory
beforeEach(async () => {
  scene = await Scene.begin()
  live = new LiveDirectory(scene.data)
  await live.open()
  await live.openSessions(5)
  await live.publish(40, 10, 1500)
})
afterEach(async () => {
  await live.store.close()
  await scene.end()
})

const queuedIn = ({ state }: LiveDirectory): number =>
  [...state.sessions.values()].reduce((sum, { queue }) => sum + queue.size, 0)

/** Names, sizes, times and content of all files. */
async function fingerprint(directory: string): Promise<string> {
  const hash = createHash('sha256')
  for (const entry of (await readdir(directory, { recursive: true })).toSorted()) {
    const path = join(directory, entry)
    const { mtimeMs, size } = await stat(path)
    hash.update(`${entry} ${size} ${mtimeMs}\n`)
    if ((await stat(path)).isFile()) hash.update(await readFile(path))
  }
  return hash.digest('hex')
}

async function doctor(...argv: string[]): Promise<{ code: number; out: string }> {
  const terminal = fakeTerminal()
  const code = await doctorCommand.run(argv, terminal)
  return { code, out: terminal.out() }
}

describe('topiary doctor', () => {
  it('counts what is in a sound directory, and does not touch it', async () => {
    await live.store.close()
    const before = await fingerprint(scene.data)
    const found = await examine(scene.data)
    expect(found).toMatchObject({
      format: 1,
      writtenBy: '1.2.3',
      sessions: 5,
      subscriptions: 10,
      queuedMessages: queuedIn(live),
      retainedMessages: live.state.retainedMessages.size,
      wills: 0,
      faults: [],
    })
    expect(found.logCommits).toBeGreaterThan(0)
    expect(found.bytes['messages']).toBeGreaterThan(1000)
    const { code, out } = await doctor(scene.data)
    expect(code).toBe(0)
    expect(out).toMatch(/sessions +5\n.*it is sound\n$/s)
    expect(await fingerprint(scene.data)).toBe(before)
  })

  it('names holes, damaged values and missing messages with what they cost, and mends a copy', async () => {
    await live.store.close()
    const [sequence = 0] = [...live.state.sessions.values()].flatMap(({ queue }) =>
      [...queue.values()].map((entry) => entry.sequence),
    )
    await spoil(sequence)
    const before = await fingerprint(scene.data)
    const { code, out } = await doctor(scene.data, '--repair', join(scene.root, 'mended'))
    expect(code).toBe(0)
    expect(out).toMatch(/r\|retained\/\d+: its checksum is wrong; this retained message is lost/)
    expect(out).toMatch(/commits \d+ to \d+ are missing: what happened in them is lost/)
    expect(out).toMatch(/The mended copy:.*it is sound\n$/s)
    expect(await fingerprint(scene.data)).toBe(before)
    expect((await doctor(scene.data)).code).toBe(1)
    const { code: jsonCode, out: json } = await doctor(scene.data, '--json')
    expect(jsonCode).toBe(1)
    expect(JSON.parse(json)).toMatchObject({ sessions: 5, faults: expect.any(Array) as unknown })
    // a store takes the copy
    const mended = new LiveDirectory(join(scene.root, 'mended'))
    await mended.open()
    expect(mended.state.sessions.size).toBe(5)
    await mended.store.close()
  })

  it('names files that are damaged', async () => {
    await live.store.close()
    await scene.remove(/^MANIFEST/)
    const { faults } = await examine(scene.data)
    expect(faults[0]).toMatch(/cannot be opened as it is .*MANIFEST.*: it is repaired when a broker opens it/)
  })

  it('says that there is nothing to look at', async () => {
    await expect(doctor(join(scene.root, 'nothing'))).rejects.toThrow(/is no data directory: it has no db/)
    await expect(doctor()).rejects.toThrow(/doctor needs a data directory/)
  })
})

/** Flips a retained message, takes a commit out of the middle of the log, and a message away. */
async function spoil(sequence: number): Promise<void> {
  const keyValue = await LevelKeyValue.open(scene.db)
  const all: Uint8Array[] = []
  let retained: Uint8Array | undefined
  const range = { from: Buffer.from('c|'), to: Buffer.from('s}') }
  for await (const chunk of keyValue.entries(range, () => {})) {
    for (const [key, value] of chunk) {
      if (key[0] === 0x63) all.push(key)
      if (key[0] === 0x72 && retained === undefined) {
        value[9] = (value[9] ?? 0) ^ 1
        retained = value
        await write(keyValue, [key], value)
      }
    }
  }
  await write(keyValue, [all[Math.floor(all.length / 2)] as Uint8Array, numberedKey('m', blockOf(sequence))], undefined)
  await keyValue.close()
}
