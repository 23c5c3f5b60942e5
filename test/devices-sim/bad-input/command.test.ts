import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runReportSchema } from '../../../devices-sim/report/run-report.ts'
import { builtPackage } from '../../support/built-package.ts'
import { type RunningBroker, startBroker } from '../run/play.ts'

let main = ''
let directory = ''
/** One for each test: their clients have the same names. */
const brokers: RunningBroker[] = []

beforeAll(async () => {
  main = (await builtPackage()).topiary
  directory = await mkdtemp(join(tmpdir(), 'topiary-sim-'))
}, 60_000)

afterAll(async () => {
  for (const broker of brokers) await broker.close()
  await rm(directory, { recursive: true })
})

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function topiary(...given: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...given], { cwd: directory }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

const text = (assertion: string): string => `name: small
fleets:
  d:
    count: 4
    messages:
      m: {topic: 'm/{client}', qos: 1, every: 50ms, payload: {format: fixed, bytes: 90}}
subscribers:
  all: {count: 2, filters: ['#']}
phases:
  - {phase: hold, lasts: 500ms}
assertions: ['${assertion}']
`

async function newBroker(): Promise<string> {
  const broker = await startBroker()
  brokers.push(broker)
  return broker.url
}

async function written(name: string, content: string): Promise<string> {
  await writeFile(join(directory, name), content)
  return name
}

describe.concurrent('topiary sim run', () => {
  it('says 0 when all assertions hold, and several processes make one report', async () => {
    const file = await written('good.yaml', text('lost == 0'))
    const { code, stdout } = await topiary(
      'sim',
      'run',
      file,
      '--url',
      await newBroker(),
      '--workers',
      '2',
      '--json',
      '--quiet',
    )
    const report = runReportSchema.parse(JSON.parse(stdout))
    expect(code).toBe(0)
    expect(report.generator.workers).toHaveLength(2)
    expect(new Set(report.generator.workers.map(({ pid }) => pid)).size).toBe(2)
    expect(report.publishing).toMatchObject([{ flow: 'd.m', devices: 4, due: 40, sent: 40, acknowledged: 40 }])
    expect(report.deliveries).toMatchObject([
      { promised: 80, received: 80, lost: 0, duplicates: 0, latencyMs: { count: 80 } },
    ])
    expect(report.connections).toMatchObject({ wanted: 6, opened: 6 })
  }, 30_000)

  it('says 1 when one does not', async () => {
    const file = await written('failing.yaml', text('lost > 0'))
    const { code, stdout } = await topiary('sim', 'run', file, '--url', await newBroker(), '--quiet')
    expect(code).toBe(1)
    expect(stdout).toContain('lost > 0')
  }, 30_000)

  it('says 1 when reports cannot be written, and prints its table all the same', async () => {
    const file = await written('unwritable.yaml', text('lost == 0'))
    const { code, stdout } = await topiary(
      'sim',
      'run',
      file,
      '--url',
      await newBroker(),
      '--quiet',
      '--report',
      join(file, 'in-a-file'),
    )
    expect(code).toBe(1)
    expect(stdout).toContain('d.m')
  }, 30_000)

  it('says 1 without a broker', async () => {
    const file = await written('alone.yaml', text('lost == 0'))
    const { code, stdout, stderr } = await topiary('sim', 'run', file, '--url', 'mqtt://127.0.0.1:1', '--quiet')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^topiary: .*ECONNREFUSED/)
  }, 30_000)

  it('says 78 for an unknown preset, with the one that is meant', async () => {
    const { code, stderr } = await topiary('sim', 'run', 'smart-hone')
    expect(code).toBe(78)
    expect(stderr).toContain('there is no preset smart-hone; did you mean smart-home?')
  }, 30_000)

  it('says 78 for a wrong file, with the place', async () => {
    const file = await written('wrong.yaml', text('lost == 0').replace('count: 4', 'count: four'))
    const { code, stderr } = await topiary('sim', 'run', file)
    expect(code).toBe(78)
    expect(stderr).toContain('wrong.yaml:4')
  }, 30_000)
})
