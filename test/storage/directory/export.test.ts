import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exportCommand } from '../../../src/cli/export.ts'
import { importCommand } from '../../../src/cli/import.ts'
import { sessionLine } from '../../../src/storage/tools/export-lines.ts'
import { fakeTerminal } from '../../cli/fake-terminal.ts'
import { LiveDirectory } from './live-directory.ts'
import { Scene } from './scene.ts'

let scene: Scene
let live: LiveDirectory
let file: string
beforeEach(async () => {
  scene = await Scene.begin()
  file = join(scene.root, 'out.ndjson')
  live = new LiveDirectory(scene.data)
  await live.open()
  await live.openSessions(3)
  await live.publish(8, 5, 100)
  await live.store.close()
})
afterEach(() => scene.end())

const there = () => join(scene.root, 'there')

async function run(
  command: typeof exportCommand,
  ...argv: string[]
): Promise<{ code: number; out: string; err: string }> {
  const terminal = fakeTerminal()
  const code = await command.run(argv, terminal)
  return { code, out: terminal.out(), err: terminal.err() }
}

const plain = (state: LiveDirectory['state']) => ({
  sessions: [...state.sessions.values()].map((session) => ({
    ...sessionLine(session),
    queue: [...session.queue.values()]
      .map((entry) => ({ ...entry, sequence: 'another number' }))
      .toSorted((one, other) => one.position - other.position),
  })),
  retained: [...state.retainedMessages.values()]
    .map(({ topicName, message, publisher }) => {
      const who = publisher === undefined ? '' : JSON.stringify(publisher)
      return `${topicName} ${message.qos} ${Buffer.from(message.bytes).toString('hex')} ${who}`
    })
    .toSorted(),
})

/** Lines but the first; messages, which get other numbers, are numbered as they come. */
async function sorted(path: string): Promise<string[]> {
  const numbers = new Map<string, number>()
  const text = (await readFile(path, 'utf8')).replace(/"message":(\d+)/g, (_, number: string) => {
    numbers.set(number, numbers.get(number) ?? numbers.size)
    return `"message":${numbers.get(number)}`
  })
  return text.split('\n').slice(1).toSorted()
}
const withoutTime = (lines: string[]) => lines.map((line) => line.replace(/"publishedAt":"[^"]*"/, ''))

describe('topiary export and import', () => {
  it('carry sessions, subscriptions, queues and retained messages to another directory', async () => {
    expect(await run(exportCommand, '--data', scene.data, '--output', file)).toEqual({ code: 0, out: '', err: '' })
    const { code, out } = await run(importCommand, file, '--data', there())
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^imported 3 sessions, \d+ queued and/) as string,
    })
    const copy = new LiveDirectory(there())
    await copy.open()
    expect(plain(copy.state)).toEqual(plain(live.state))
    const [entry] = copy.state.sessions.values().next().value?.queue.values() ?? []
    const messages = await new Promise((resolve) => copy.store.read([entry?.sequence ?? 0], (_, read) => resolve(read)))
    expect(messages).toMatchObject([{ message: { payloadEnd: 118 } }])
    await copy.store.close()
    const second = join(scene.root, 'second.ndjson')
    await run(exportCommand, '--data', there(), '-o', second)
    expect(withoutTime(await sorted(second))).toEqual(withoutTime(await sorted(file)))
  })

  it('writes text beside base64 where it is text, and stdout without --output', async () => {
    const { out } = await run(exportCommand, '--data', scene.data)
    const [header, first] = out.split('\n').map((line) => JSON.parse(line || '{}') as Record<string, string>)
    expect(header).toMatchObject({ kind: 'topiary-export', version: 1 })
    expect(Buffer.from(String(first?.['payload']), 'base64').toString()).toBe(first?.['text'])
  })

  // which line is changed how -> what is said of it
  const faults: readonly [string, (lines: string[]) => void, RegExp][] = [
    ['no JSON', (lines) => (lines[1] = '{'), /line 2: it is no JSON/],
    ['no header', (lines) => lines.shift(), /line 1: the first line must be/],
    [
      'a newer version',
      (lines) => (lines[0] = lines[0]!.replace('"version":1', '"version":9')),
      /line 1: version 9 was written by/,
    ],
    ['an unknown kind', (lines) => (lines[2] = '{"kind":"x"}'), /line 3: kind: /],
    ['a message twice', (lines) => lines.splice(2, 0, lines[1]!), /line 3: message \d+ is there twice/],
    [
      'bad base64',
      (lines) => (lines[1] = lines[1]!.replace(/"payload":"[^"]*"/, '"payload":"?"')),
      /line 2: payload: /,
    ],
    [
      'bad properties',
      (lines) => (lines[1] = lines[1]!.replace(/"properties":"[^"]*"/, '"properties":"//8="')),
      /line 2: /,
    ],
    ['a queue without its message', (lines) => lines.splice(1, 1), /line \d+: there is no message \d+ before it/],
  ]

  it.each(faults)('refuse %s by its line, and write nothing', async (_name, spoil, said) => {
    await run(exportCommand, '--data', scene.data, '--output', file)
    const lines = (await readFile(file, 'utf8')).split('\n')
    spoil(lines)
    await writeFile(file, lines.join('\n'))
    const { code, err } = await run(importCommand, file, '--data', there())
    expect(code).toBe(1)
    expect(err).toMatch(said)
    expect(err).toMatch(/nothing was imported/)
    await expect(readFile(join(there(), 'VERSION'))).rejects.toThrow('ENOENT')
  })

  it('leaves out wrong lines with --force, and names them', async () => {
    await run(exportCommand, '--data', scene.data, '--output', file)
    const lines = (await readFile(file, 'utf8')).split('\n')
    lines[1] = '{'
    await writeFile(file, lines.join('\n'))
    const { code, err, out } = await run(importCommand, file, '--data', there(), '--force')
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('line 2: it is no JSON') as string })
    expect(out).toMatch(/^imported 3 sessions/)
  })

  it('do not write over anything', async () => {
    await writeFile(file, '')
    await expect(run(exportCommand, '--data', scene.data, '-o', file)).rejects.toThrow(
      /is there already; name a new file/,
    )
    await expect(run(importCommand, file, '--data', scene.data)).rejects.toThrow(/is not empty; import makes/)
  })
})
