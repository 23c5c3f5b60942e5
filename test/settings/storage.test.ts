import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { UsageError } from '../../src/cli/cli-error.ts'
import { parseFlags } from '../../src/cli/flags.ts'
import { settingsFlags, settingsFromFlags } from '../../src/cli/settings-flags.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { prepare } from '../../src/server/prepared.ts'
import { completeSettings, type PartialSettings } from '../../src/settings/settings.ts'
import { SettingsDirectory } from './written-file.ts'

const directory = new SettingsDirectory()
afterAll(() => directory.remove())

function storageOf(args: readonly string[], env: Terminal['env'] = {}) {
  return settingsFromFlags(parseFlags(settingsFlags, args), { env } as Terminal).settings.storage
}

function prepared(settings: PartialSettings, before?: PartialSettings) {
  return prepare(completeSettings(settings), 0, before && prepare(completeSettings(before), 0))
}

describe('where state is kept', () => {
  const usual = resolve('topiary-data')
  const cases: readonly (readonly [string, readonly string[], Terminal['env'], string | undefined, boolean])[] = [
    ['nobody says so', [], {}, usual, false],
    ['--data does', ['--data', 'there'], {}, resolve('there'), false],
    ['--memory does', ['--memory'], {}, undefined, true],
    ['a variable does', [], { TOPIARY_STORAGE__DIRECTORY: 'env' }, resolve('env'), false],
    ['a variable says memory', [], { TOPIARY_STORAGE__MEMORY: 'true' }, undefined, true],
    ['a variable says no memory', [], { TOPIARY_STORAGE__MEMORY: 'false' }, usual, false],
    ['flag and variable do', ['--data', 'x'], { TOPIARY_STORAGE__DIRECTORY: 'env' }, resolve('x'), false],
    ['--data goes against a variable', ['--data', 'x'], { TOPIARY_STORAGE__MEMORY: 'true' }, resolve('x'), false],
    ['--memory goes against a variable', ['--memory'], { TOPIARY_STORAGE__DIRECTORY: 'env' }, undefined, true],
    ['nothing is to be kept', [], { TOPIARY_STORAGE__DURABILITY: 'memory' }, undefined, false],
  ]
  it.each(cases)('with the command, when %s', (_name, args, env, wanted, memory) => {
    expect(storageOf(args, env)).toMatchObject({ memory, ...(wanted !== undefined && { directory: wanted }) })
    expect(storageOf(args, env).directory).toBe(wanted)
  })

  it('in a file is relative to it', () => {
    expect(directory.settingsIn('storage: { directory: state }').storage.directory).toBe(join(directory.path, 'state'))
  })

  it('in programs is in memory', () => {
    expect(completeSettings().storage).toEqual({ memory: false, durability: 'always', intervalMs: 1000, topics: [] })
  })

  it.each([
    [['--data', 'x', '--memory'], '--data and --memory say opposite things; leave one of them out'],
    [['--data='], '--data needs a value: --data DIR'],
  ])('%j is refused', (args, message) => {
    expect(() => storageOf(args)).toThrow(new UsageError(message))
  })
})

describe('how state is kept', () => {
  const tcp = { kind: 'tcp', port: 0 } as const
  const always = { topics: ['a/#'], durability: 'always' } as const

  it('is by rules, listeners and for all', () => {
    const storage = { directory: '/d', durability: 'interval', intervalMs: 50, topics: [always] } as const
    const made = prepared({ storage, listeners: [{ ...tcp, durability: 'memory' }] })
    const durability = { level: 'interval', intervalMs: 50, rules: [always], strictest: 'always' }
    expect(made.storage).toEqual({ directory: '/d', durability })
    expect(made.listeners[0]?.settings.durability).toBe('memory')
  })

  it('needs no directory when nothing is to be kept, and says so', () => {
    const made = prepared({ storage: { directory: '/d', durability: 'memory' } })
    expect(made.storage.directory).toBeUndefined()
    expect(made.warnings).toEqual(['/d is not used: storage.durability is memory'])
  })

  const noEffect = 'always has no effect while storage.durability is memory: no session outlives the process'
  const refused: readonly (readonly [PartialSettings, string])[] = [
    [
      { storage: { directory: '/d', memory: true } },
      'storage.memory: state cannot be in memory only and in a directory; leave out memory or directory',
    ],
    [
      { storage: { topics: [{ ...always, topics: ['a', 'b/#/c'] }] } },
      'storage.topics[0]: the topic filter "b/#/c" is',
    ],
    [{ storage: { topics: [{ ...always, topics: ['$share/g/a'] }] } }, 'publishes do not go to $share/'],
    [{ storage: { durability: 'memory', topics: [always] } }, `storage.topics[0]: ${noEffect}`],
    [
      { storage: { durability: 'memory' }, listeners: [tcp, { ...tcp, durability: 'always' }] },
      `listeners[1].durability: ${noEffect}`,
    ],
  ]
  it.each(refused)('%j is refused', (settings, message) => {
    expect(() => prepared(settings)).toThrow(message)
  })

  it.each<PartialSettings>([
    { storage: { intervalMs: 0 } },
    { storage: { intervalMs: 60_001 } },
    { storage: { topics: [{ topics: [], durability: 'always' }] } },
  ])('%j is out of bounds', (settings) => {
    expect(() => prepared(settings)).toThrow(RangeError)
  })

  const moves: readonly (readonly [PartialSettings['storage'], PartialSettings['storage'], string])[] = [
    [{ directory: '/a' }, { directory: '/b' }, 'storage: state is kept in /a and cannot move to /b'],
    [{ directory: '/a' }, { memory: true }, 'storage: state is kept in /a and cannot move to memory only'],
    [{}, { directory: '/a' }, 'storage: state is kept in memory only and cannot move to /a'],
    [{ directory: '/a' }, { directory: '/a', durability: 'memory' }, 'cannot move to memory only'],
  ]
  it.each(moves)('a reload does not change %j to %j', (before, after, message) => {
    expect(() => prepared({ storage: after }, { storage: before })).toThrow(`${message} while the broker runs; stop it`)
  })

  it('a reload may change the rest', () => {
    const [before, after] = [{ directory: '/a' }, { directory: '/a', durability: 'interval', intervalMs: 7 } as const]
    expect(prepared({ storage: after }, { storage: before }).storage.durability.intervalMs).toBe(7)
  })
})
