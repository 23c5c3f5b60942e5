import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'

/** A taste of `npm run test:crash`, which takes its time. */

const script = join(import.meta.dirname, 'run.mjs')

beforeAll(() => {
  expect(spawnSync(process.execPath, [script, '--build'], { encoding: 'utf8' }).status).toBe(0)
}, 60_000)

/** Exit code and report. */
function crash(...flags: readonly string[]): Promise<{ readonly code: number | null; readonly report: string }> {
  const child = spawn(process.execPath, [script, '--built', '--quiet', '--seed', '20261121', ...flags])
  let report = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (report += chunk.toString()))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, report })))
}

describe.concurrent('a broker that is killed again and again', () => {
  it.each(['kill', 'power-loss'])(
    'keeps what it acknowledged: %s',
    async (only) => {
      const { code, report } = await crash('--only', only, '--kills', '2', '--acknowledgements', '100')
      expect({ code, report }).toMatchObject({
        code: 0,
        report: expect.stringContaining('nothing lost, nothing twice'),
      })
    },
    60_000,
  )

  it('acknowledges nothing before its sync has returned', async () => {
    const { code, report } = await crash('--only', 'syscalls')
    if (report.includes('skipped')) console.log(report)
    expect({ code, report }).toMatchObject({ code: 0, report: expect.stringMatching(/, 0 before their|skipped/) })
  }, 60_000)
})

describe.concurrent('the harness catches a store', () => {
  const faults = [
    ['early-durable', 'before-sync', /VIOLATION (lost|retained|twice)/],
    ['forget-inbound', 'after-sync', /VIOLATION twice/],
    ['lose-last-batch', 'before-sync', /VIOLATION (lost|retained|twice)/],
  ] as const
  it.each(faults)(
    'that is %s, killed %s',
    async (fault, place, violation) => {
      const flags = ['--fault', fault, '--places', place, '--kills', '3', '--acknowledgements', '60']
      const { code, report } = await crash('--only', 'kill', ...flags)
      expect({ code, report }).toMatchObject({ code: 1, report: expect.stringMatching(violation) })
    },
    60_000,
  )
})
