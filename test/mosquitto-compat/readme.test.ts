import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Option } from '../../mosquitto-compat/conf/option.ts'
import { type OptionName, optionSections } from '../../mosquitto-compat/conf/options.ts'
import { otherSections } from '../../mosquitto-compat/report/other-rows.ts'
import { countOptions, filledReadme, testOf } from '../../mosquitto-compat/report/readme-tables.ts'
import { run } from '../../src/cli/run.ts'
import { fakeTerminal } from '../cli/fake-terminal.ts'
import { ConfDirectory } from './conf-files.ts'
import { optionCases } from './option-cases.ts'

const root = join(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'mosquitto-compat/README.md'), 'utf8')
const directory = new ConfDirectory()
afterAll(() => directory.remove())

const rows = Object.values(optionSections).flatMap((section) => Object.entries<Option>(section))
const same = rows.filter(([, { state }]) => state === 'same')

/** Options whose effect no setting shows: taking them is all there is to do. */
const takenOnly = new Set(['dhparamfile', 'retain_expiry_interval', 'retry_interval', 'websockets_log_level'])

describe('mosquitto-compat/README.md', () => {
  it('has the tables that `npm run manual` writes', () => {
    expect(readme).toBe(filledReadme(readme))
  })

  it('can call at least 90 % of the options outside bridges and plugins the same', () => {
    const { same: count, all } = countOptions()
    expect(all).toBeGreaterThan(80)
    expect(count / all).toBeGreaterThanOrEqual(0.9)
  })

  it.each(same.map(([name, option]) => [name, testOf(name, option)] as const))(
    'names a test of %s that exists',
    (name, test) => {
      const [file = '', title = ''] = test.split(/: (.*)/)
      const text = readFileSync(join(root, 'test', file), 'utf8')
      if (title !== name) return expect(text).toContain(`'${title}'`)
      const cases = optionCases[name as keyof typeof optionCases]
      expect(cases.length).toBeGreaterThan(0)
      if (!takenOnly.has(name)) expect(cases.every(([, becomes]) => Object.keys(becomes).length > 0)).toBe(true)
    },
  )

  const others = Object.values(otherSections).flat()
  it.each(others.filter(({ state }) => state === 'same').map(({ what, test = '' }) => [what, test] as const))(
    'names a test of %s that exists, beside options',
    (_, test) => {
      const [file = '', title = ''] = test.split(/: (.*)/)
      const text = readFileSync(join(root, 'test', file), 'utf8')
      expect([`'${title}'`, `\`${title}\``].some((quoted) => text.includes(quoted))).toBe(true)
    },
  )

  it('says of every option what becomes of it', () => {
    for (const [name, { says }] of rows) expect([name, says]).toEqual([name, expect.stringMatching(/\w{3}/)])
  })

  it('names commands that do what it says', async () => {
    const conf = directory.write('mosquitto.conf', 'listener 20000\nallow_anonymous true\nsys_interval 3\n')
    const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
      block.trim().split(/\n */),
    )
    expect(commands).toHaveLength(2)
    for (const command of commands) {
      const place = (word: string): string =>
        word === 'topiary.yaml' ? join(directory.path, word) : word.replace('/etc/mosquitto/mosquitto.conf', conf)
      const terminal = fakeTerminal()
      const [program, ...words] = command.split(' ')
      expect(program).toBe('topiary')
      expect([command, await run(words.map(place), terminal), terminal.err()]).toEqual([command, 0, expect.any(String)])
    }
  })
})

describe('options that settings have', () => {
  it('are named as the schema names them', async () => {
    const { settingsJsonSchema } = await import('../../src/settings/schema-node.ts')
    const { propertiesOf } = await import('../../src/documents/schema-node.ts')
    type Node = ReturnType<typeof settingsJsonSchema>
    const namesIn = (node: Node): string[] => [
      ...Object.entries(propertiesOf(node)).flatMap(([name, inner]) => [name, ...namesIn(inner)]),
      ...(node.items === undefined ? [] : namesIn(node.items)),
    ]
    const known = new Set([...namesIn(settingsJsonSchema()), 'access', 'psk'])
    const named = same.flatMap(([name, { says }]) =>
      [...says.matchAll(/`([\w[\].]+)`/g)].flatMap(([, path = '']) =>
        path
          .split(/[.[\]]+/)
          .filter((part) => part !== '')
          .map((part) => [name as OptionName, part] as const),
      ),
    )
    expect(named.length).toBeGreaterThan(100)
    expect(named.filter(([, part]) => !known.has(part))).toEqual([])
  })
})
