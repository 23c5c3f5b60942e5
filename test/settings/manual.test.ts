import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepare } from '../../src/server/prepared.ts'
import { loadSettings } from '../../src/settings/load-settings.ts'
import { filledManual, sampleFile, schemaText } from '../../src/settings/manual.ts'
import { propertiesOf, type SchemaNode } from '../../src/documents/schema-node.ts'
import { settingsJsonSchema } from '../../src/settings/schema-node.ts'
import { defaultSettings, type ListenerSettings } from '../../src/settings/settings.ts'
import { execFileSync } from 'node:child_process'
import { SettingsDirectory } from './written-file.ts'

const root = join(import.meta.dirname, '../..')
const read = (name: string): string => readFileSync(join(root, name), 'utf8')
const directory = new SettingsDirectory()
afterAll(() => directory.remove())

/** Names of all settings, down to the last. */
function namesIn(node: SchemaNode): string[] {
  const inner = Object.entries(propertiesOf(node)).flatMap(([name, value]) => [name, ...namesIn(value)])
  return node.items === undefined ? inner : [...inner, ...namesIn(node.items)]
}

describe('what `npm run manual` writes', () => {
  it('is what stands in settings.schema.json', () => {
    expect(read('settings.schema.json')).toBe(schemaText())
  })

  it('is what stands in docs/settings.md', () => {
    expect(read('docs/settings.md')).toBe(filledManual(read('docs/settings.md')))
  })

  it('has a row for every setting, with text', () => {
    const manual = read('docs/settings.md')
    const named = new Set([...manual.matchAll(/^(?:\| |#+ )`([$\w]+)`/gm)].map((match) => match[1]))
    expect(namesIn(settingsJsonSchema()).filter((name) => !named.has(name))).toEqual([])
    expect(manual).not.toMatch(/^\| `.*\|  \|$/m)
  })

  it('is a schema whose groups take no other names', () => {
    const groups = schemaText().match(/"properties": \{/g) ?? []
    expect(groups.length).toBeGreaterThan(9)
    expect(schemaText().match(/"additionalProperties": false/g)).toHaveLength(groups.length)
  })
})

describe('the sample file', () => {
  it('is the defaults', () => {
    expect(directory.settingsIn(sampleFile())).toEqual(defaultSettings)
  })

  it('is good with all its comments taken out, and has every kind of listener', () => {
    let [text, before] = [sampleFile(), '']
    while (text !== before) [text, before] = [text.replaceAll(/^( *)#(?! \S)/gm, '$1'), text]
    const settings = directory.settingsIn(text, { environment: { TLS_PASSPHRASE: 'hush' } })
    expect(settings.listeners.map(({ kind }) => kind)).toEqual(['tcp', 'websocket', 'unix'])
    expect(settings).toMatchObject({
      authentication: { passwordFile: join(directory.path, 'users.passwd'), hashConcurrency: 1 },
      rights: { default: 'deny' },
      http: { port: 9090 },
    })
    expect(Object.keys((settings.listeners[0] as ListenerSettings & { tls: object }).tls)).toHaveLength(12)
  })
})

describe('the examples', () => {
  const examples = join(root, 'examples/settings')
  const folder = mkdtempSync(join(tmpdir(), 'topiary-examples-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  beforeAll(() => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-passout', 'pass:hush']
    const files = ['-keyout', 'server.key', '-out', 'server.crt', '-subj', '/CN=localhost', '-days', '30']
    execFileSync('openssl', ['req', '-x509', ...key, ...files], { cwd: folder, stdio: 'ignore' })
    execFileSync('openssl', ['pkey', '-in', 'server.key', '-passin', 'pass:hush', '-out', 'plain.key'], { cwd: folder })
    copyFileSync(join(folder, 'server.crt'), join(folder, 'clients-ca.crt'))
    writeFileSync(join(folder, 'users.passwd'), '', { mode: 0o600 })
  })

  it.each(readdirSync(examples))('%s is good, with nothing to warn of, and names its schema', (name) => {
    const text = readFileSync(join(examples, name), 'utf8')
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=../../settings.schema.json')
    const key = name === 'plant.yaml' ? 'server.key' : 'plain.key'
    writeFileSync(join(folder, name), text.replaceAll('keyFile: server.key', `keyFile: ${key}`))
    const { settings } = loadSettings({ file: join(folder, name), environment: { TLS_PASSPHRASE: 'hush' } })
    expect(prepare(settings, Date.now())).toMatchObject({ warnings: [], listeners: settings.listeners.map(() => ({})) })
  })

  it.each([...read('docs/settings.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text))(
    'in the manual are good: %#',
    (text) => {
      expect(directory.faultsIn(text)).toEqual([])
    },
  )
})
