import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { DocumentError } from '../../../src/documents/document-error.ts'
import { defineScenario } from '../../../devices-sim/scenario/define-scenario.ts'
import { loadScenario, parseScenario, type ScenarioSources } from '../../../devices-sim/scenario/load-scenario.ts'
import { CertificateAuthority } from '../../support/certificates.ts'
import { faultsIn, faultsOf, inputOf, scenarioOf } from './written-scenario.ts'

const directory = mkdtempSync(join(tmpdir(), 'topiary-scenario-'))
afterAll(() => rmSync(directory, { recursive: true }))

const authority = new CertificateAuthority(join(directory, 'ours'), '/CN=Test authority')
const device = authority.issue('device', { subject: '/CN=device-7' })
const other = authority.issue('other', { subject: '/CN=device-8' })
const encrypted = authority.encrypted(device, 'secret')

function write(name: string, text: string): string {
  const file = join(directory, name)
  writeFileSync(file, text)
  return file
}

/** Without the name of the directory. */
async function faultsAt(path: string, sources?: ScenarioSources): Promise<readonly string[]> {
  try {
    await loadScenario(path, sources)
    return []
  } catch (error) {
    if (error instanceof DocumentError) return error.faults.map((fault) => fault.replaceAll(`${directory}/`, ''))
    throw error
  }
}

const yaml = 'name: t\nfleets: {m: {count: 2, keepAlive: 1.5m}}\nwarmUp: 5\n'
const defineModule = pathToFileURL(join(import.meta.dirname, '../../../devices-sim/scenario/define-scenario.ts')).href

describe('a scenario is loaded', () => {
  it.each([
    ['a.yaml', yaml],
    ['a.yml', yaml],
    ['a.json', '{"name": "t", "fleets": {"m": {"count": 2, "keepAlive": 90}}, "warmUp": "5s"}'],
    ['a.mjs', 'export default { name: "t", fleets: { m: { count: 2, keepAlive: "90s" } }, warmUp: 5 }'],
  ])('from %s, times in milliseconds', async (name, text) => {
    const scenario = await loadScenario(write(name, text))
    expect(scenario).toMatchObject({ name: 't', warmUp: 5000, fleets: { m: { count: 2, keepAlive: 90_000 } } })
  })

  it('from a module that defines it, once and not twice', async () => {
    const input = '{ name: "t", fleets: { m: { count: 1, sensors: { f: () => () => 7 } } }, warmUp: 5 }'
    const path = write(
      'd.ts',
      `import { defineScenario } from '${defineModule}'\nexport default defineScenario(${input})`,
    )
    const scenario = await loadScenario(path)
    expect(scenario.warmUp).toBe(5000)
    const sensor = scenario.fleets['m']?.sensors['f']
    expect(typeof sensor).toBe('function')
  })

  it('as a preset, by its name', async () => {
    const presets = { factory: write('factory.yaml', yaml) }
    expect((await loadScenario('factory', { presets })).name).toBe('t')
  })

  it('with variables of the environment', async () => {
    const text = 'name: t\nfleets:\n  m:\n    count: ${COUNT}\n    userName: u\n    password: ${SECRET:-none}'
    expect(faultsIn(text)).toEqual(['s.yaml:4:12: the variable COUNT is not set, nor is COUNT_FILE'])
    const { fleets } = await loadScenario(write('v.yaml', text), {
      environment: { COUNT: '7', SECRET: 'hush' },
    })
    expect(fleets).toMatchObject({ m: { count: 7, password: 'hush' } })
  })

  it('with files as seen from where it is', async () => {
    write('track.csv', 'at,speed\n1,2\n')
    const sensors = 'sensors: {s: {model: replay, file: track.csv, column: speed}}'
    const scenario = await loadScenario(
      write('f.yaml', `name: t\nfleets: {m: {count: 1, ${sensors}}}\nbroker: {ca: ours/authority.crt}`),
    )
    expect(scenario.fleets).toMatchObject({ m: { sensors: { s: { file: join(directory, 'track.csv') } } } })
    expect(scenario.broker).toEqual({ url: 'mqtt://127.0.0.1:1883', insecure: false, ca: authority.caFile })
  })

  it('with certificates and a key that fit', async () => {
    const [ca, both] = [
      readFileSync(authority.caFile, 'utf8'),
      `{ca: many.pem, cert: ${device.certificateFile}, key: ${device.keyFile}}`,
    ]
    write('many.pem', `# two of them\n${ca}${ca}`)
    const { broker } = await loadScenario(write('tls.yaml', `${yaml}broker: ${both}`))
    expect(broker).toMatchObject({ ca: join(directory, 'many.pem'), cert: device.certificateFile })
  })
})

const certificate = readFileSync(authority.caFile, 'utf8')
const begun = '-----BEGIN CERTIFICATE-----'
const damaged = certificate.replace(`${begun}\n`, `${begun}\nAAAA`)
const noCertificate = 'there is no certificate in it, which begins with -----BEGIN CERTIFICATE-----'
const damagedText = 'it is damaged, or no PEM file'

describe('a scenario is refused for its file of TLS', () => {
  it.each([
    ['ca', 'that is gone', undefined, 'a.pem cannot be read (ENOENT); it is looked for beside the scenario file'],
    ['ca', 'of garbage', 'garbage', `a.pem: ${noCertificate}`],
    ['ca', 'that holds a key', readFileSync(device.keyFile, 'utf8'), `a.pem: ${noCertificate}`],
    ['ca', 'that is damaged', damaged, `a.pem: ${damagedText}`],
    ['ca', 'of which the second is damaged', certificate + damaged, `a.pem: ${damagedText}`],
    ['ca', 'that is cut off', certificate.slice(0, 99), `a.pem: ${damagedText}`],
    ['cert', 'that is gone', undefined, 'a.pem cannot be read (ENOENT); it is looked for beside the scenario file'],
    ['cert', 'of garbage', 'garbage', `a.pem: ${noCertificate}`],
    ['cert', 'that is damaged', damaged, `a.pem: ${damagedText}`],
    ['key', 'that is gone', undefined, 'a.pem cannot be read (ENOENT); it is looked for beside the scenario file'],
    ['key', 'of garbage', 'x', 'a.pem: there is no key in it, which begins with -----BEGIN PRIVATE KEY-----'],
    ['key', 'that is damaged', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', `a.pem: ${damagedText}`],
    [
      'key',
      'that is encrypted',
      readFileSync(encrypted.keyFile, 'utf8'),
      'a.pem: the key is encrypted; give one without a passphrase',
    ],
  ])('%s %s', async (name, _, text, fault) => {
    if (text === undefined) rmSync(join(directory, 'a.pem'), { force: true })
    else write('a.pem', text)
    const { certificateFile: cert, keyFile: key } = device
    const files = name === 'ca' ? { ca: 'a.pem' } : { cert, key, [name]: 'a.pem' }
    const [only, ...more] = await faultsAt(write('s.yaml', `${yaml}broker: ${JSON.stringify(files)}`))
    const column = 1 + `broker: ${JSON.stringify(files)}`.indexOf('"a.pem"')
    expect(only?.startsWith(`s.yaml:4:${column}: broker.${name} cannot be used: ${fault}`) ? '' : only).toBe('')
    expect(more).toEqual([])
  })

  it('key of another certificate', async () => {
    const files = JSON.stringify({ cert: device.certificateFile, key: other.keyFile })
    const [fault] = await faultsAt(write('s.yaml', `${yaml}broker: ${files}`))
    expect(fault).toMatch(/broker\.key cannot be used with broker\.cert: the key does not belong to the certificate$/)
  })
})

function replay(more: string): string {
  return `name: t\nfleets: {m: {count: 1, sensors: {s: {model: replay, ${more}}}}}`
}

describe('a scenario that cannot be loaded is told of', () => {
  it.each([
    ['a file that is gone', 'none.yaml', undefined, /^cannot read the scenario file none\.yaml: ENOENT/],
    ['a list', 'l.yaml', '- a', /^l\.yaml:1:1: the scenario must be a group of entries, not a list$/],
    ['two documents', 'two.yaml', 'name: t\n---\nname: u', /^two\.yaml:2:1: a scenario file is one document/],
    [
      'a replay without its file',
      'r.yaml',
      replay('file: none.csv, column: a'),
      /^r\.yaml:2:59: fleets\.m\.sensors\.s\.file cannot be used: none\.csv cannot be read \(ENOENT\)/,
    ],
    [
      'a replay without its column',
      'c.yaml',
      replay('file: t.csv, column: c'),
      /^c\.yaml:2:59: .*: t\.csv:1: there is no column "c"; there is a, b$/,
    ],
    ['a module that throws', 'x.mjs', 'throw new Error("no luck")', /^cannot load the scenario x\.mjs: no luck$/],
    [
      'a module without a default export',
      'e.mjs',
      'export const a = 1',
      /^e\.mjs: there is no default export; write export default/,
    ],
    ['a module with faults', 'w.mjs', 'export default { name: "t" }', /^w\.mjs: the scenario has neither fleets nor/],
    [
      'a defined scenario with faults',
      'wd.ts',
      `import { defineScenario } from '${defineModule}'\nexport default defineScenario({ name: 't' })`,
      /^wd\.ts: the scenario has neither/,
    ],
    [
      'a defined scenario without its file',
      'wf.ts',
      `import { defineScenario } from '${defineModule}'\nexport default defineScenario({ name: 't', fleets: { m: { count: 1, sensors: { s: { model: 'replay', file: 'no.csv', column: 'a' } } } } })`,
      /^wf\.ts: fleets\.m\.sensors\.s\.file cannot be used/,
    ],
  ])('%s', async (_, name, text, fault) => {
    write('t.csv', 'a,b\n1,2\n')
    const faults = await faultsAt(text === undefined ? name : write(name, text))
    expect(faults).toEqual([expect.stringMatching(fault)])
  })

  it.each([
    ['factry', 'there is no preset factry; did you mean factory?'],
    [
      'zebra',
      'there is no preset zebra; give the name of a preset (factory) or a file that ends in .yaml, .yml, .json, .js, .mjs, .ts',
    ],
    [
      'toString',
      'there is no preset toString; give the name of a preset (factory) or a file that ends in .yaml, .yml, .json, .js, .mjs, .ts',
    ],
  ])('the preset %s', async (name, fault) => {
    expect(await faultsAt(name, { presets: { factory: '/none' } })).toEqual([fault])
  })
})

const read = () => () => 1

describe('a scenario written as a program', () => {
  it('is the same as one in a file', () => {
    const file = parseScenario(JSON.stringify(inputOf()), 'x')
    expect(scenarioOf()).toEqual(file)
  })

  it('has all its faults told at once, without places', () => {
    const wrong = { name: 't', seed: -1, fleets: { m: { count: 0 } } }
    expect(faultsOf(() => defineScenario(wrong))).toEqual([
      'seed must be a whole number from 0 to 4294967295, not -1',
      'fleets.m.count must be a whole number from 1 to 1000000, not 0',
    ])
  })

  it('takes functions for sensors, and nothing else that is no sensor', () => {
    expect(scenarioOf({ sensors: { f: read } }).fleets['machines']?.sensors['f']).toBe(read)
    const sensors = { s: 'sine' } as unknown as Record<string, typeof read>
    const [fault] = faultsOf(() => scenarioOf({ sensors }))
    expect(fault).toMatch(/^fleets\.machines\.sensors\.s must be a group of entries, not "sine"$/)
  })
})
