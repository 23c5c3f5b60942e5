import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { builtPackage } from '../support/built-package.ts'
import { killSpawnedClients, spawnClient, type SpawnedClient } from '../clients/spawned-client.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** The code blocks of one language below a heading. */
function blocks(language: string, heading: string): string[] {
  const section = readme.split(/^## /m).find((part) => part.startsWith(heading)) ?? ''
  return [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] as string)
}

/** The commands of a block of shell, without their comments. */
function commands(heading: string): string[] {
  return (blocks('sh', heading)[0] ?? '')
    .split('\n')
    .map((line) => line.replace(/\s+#.*/, ''))
    .filter((line) => line !== '')
}

let mainFile: string
let folder: string

beforeAll(async () => {
  const made = await builtPackage()
  mainFile = made.topiary
  folder = mkdtempSync(join(made.folder, 'run-')) // inside the package: its name resolves to it
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(killSpawnedClients)

/** A command of the README, in a shell, as it stands there but for `more` behind it. */
function shell(command: string, more = '', input = ''): SpawnedClient {
  const line = command.replace('npx topiary', `"${process.execPath}" "${mainFile}"`)
  return spawnClient('sh', ['-c', `cd "${folder}" && exec ${line} ${more}`], input)
}

describe('the README', () => {
  it('names only scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }
    const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] as string)
    expect(named.length).toBeGreaterThan(5)
    for (const name of named) expect(scripts).toHaveProperty([name])
  })

  it('names only files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map((match) => match[1] as string)
    expect(links.length).toBeGreaterThan(8)
    for (const link of links) expect(() => execFileSync('test', ['-e', join(root, link)]), link).not.toThrow()
  })

  it('names only flags that `topiary start --help` knows', async () => {
    const { out } = await shell('npx topiary start --help').ended
    const table = readme.split('| flag of `topiary start`')[1]?.split('\n\n')[0] ?? ''
    const flags = [...table.matchAll(/--[a-z][\w-]*/g)].map((match) => match[0])
    expect(flags.length).toBeGreaterThan(8)
    for (const flag of flags) expect(out).toContain(flag)
  })

  it('shows how to publish and subscribe, and it works', async () => {
    const broker = shell('npx topiary start', '--port 0 --ws-port 0')
    const port = /:(\d+)$/.exec(await broker.line(/mqtt:/))?.[1]
    const webSocketUrl = (await broker.line(/ws:/)).trim()
    const tried = commands('Try it').filter((command) => !command.startsWith('npm'))
    const own = tried.map((command) =>
      command.includes('--url') ? command.replace(/ws:\S+/, webSocketUrl) : `${command} --url mqtt://127.0.0.1:${port}`,
    )
    const [subscribe = '', ...others] = own
    const subscriber = shell(subscribe)
    const publishers = others.filter((command) => command.includes(' pub '))
    expect(publishers).toHaveLength(2)
    // the first publish is repeated until the subscription is there
    const seen: string[] = []
    const first = subscriber.line(/21\.5/).then((line) => seen.push(line))
    while (seen.length === 0) await shell(publishers[0] ?? '').ended
    await first
    expect(await shell(publishers[1] ?? '').ended).toMatchObject({ code: 0, err: '' })
    const last = others.find((command) => command.includes('--json')) ?? ''
    expect((await shell(last).ended).out).toContain('"topic":"sensors/attic"')
    broker.kill('SIGTERM')
    expect((await broker.ended).code).toBe(0)
  })

  it('shows how to go on a network, and it works', async () => {
    writeFileSync(join(folder, 'topiary.yaml'), blocks('yaml', 'On a network')[0] ?? '')
    const [openssl = '', passwd = '', check = '', acl = '', start = ''] = commands('On a network')
    expect((await shell(openssl).ended).code).toBe(0)
    expect(await shell(passwd, '--password-stdin', 'secret\n').ended).toMatchObject({ code: 0 })
    expect(await shell(check).ended).toMatchObject({ code: 0, out: 'topiary.yaml is good: 2 listener(s)\n' })
    expect((await shell(acl).ended).out).toMatch(/^yes: topiary\.yaml:\d+: - \{ allow: all, users: \[ada\]/)
    const broker = shell(`env TOPIARY_LISTENERS__0__PORT=0 TOPIARY_LISTENERS__1__PORT=0 ${start}`)
    const port = /:(\d+)$/.exec(await broker.line(/mqtt:/))?.[1]
    const login = `--username ada --password secret --url mqtt://127.0.0.1:${port}`
    expect(await shell('npx topiary pub -t plant/hall-1/state -m on -q 1 --retain', login).ended).toMatchObject({
      code: 0,
    })
    const seen = await shell('npx topiary sub -t plant/+/state -C 1', `--url mqtt://127.0.0.1:${port}`).ended
    expect(seen).toMatchObject({ code: 0, out: 'on\n' })
    broker.kill('SIGTERM')
    expect((await broker.ended).code).toBe(0)
  })

  it('shows simulations that can be run', async () => {
    const simulations = [...readme.matchAll(/^npm run sim -- (\S.*?)(?: +#.*)?$/gm)].map((match) => match[1] as string)
    expect(simulations.length).toBeGreaterThan(3)
    const checked = simulations.filter((one) => one.startsWith('run '))
    const outcomes = await Promise.all(checked.map((one) => shell(`npx topiary sim ${one}`, '--check').ended))
    expect(outcomes.filter(({ code }) => code !== 0)).toEqual([])
    const { out } = await shell('npx topiary sim bench --help').ended
    const flags = simulations
      .filter((one) => one.startsWith('bench '))
      .flatMap((one) => [...one.matchAll(/(?<= )--?\w+/g)].map((match) => match[0]))
    expect(flags.length).toBeGreaterThan(0)
    for (const flag of flags) expect(out).toContain(flag)
  })

  it('shows programs that run', async () => {
    const programs = blocks('js', 'In a Node program')
    expect(programs).toHaveLength(2)
    const outcomes = await Promise.all(
      programs.map((program, index) => {
        writeFileSync(join(folder, `program-${index}.mjs`), program)
        return spawnClient(process.execPath, [join(folder, `program-${index}.mjs`)]).ended
      }),
    )
    expect(outcomes[0]).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/^mqtt:.*\nsensors\/attic 21\.5\n$/),
    })
    expect(outcomes[1]).toMatchObject({ code: 0, err: '' })
  })
})
