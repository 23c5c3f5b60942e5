import { type ChildProcess, spawn } from 'node:child_process'
import { cp, link, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtPackage } from '../support/built-package.ts'
import { Random } from '../fuzz/mutate.ts'
import { LiveDirectory } from '../storage/directory/live-directory.ts'
import { spoil } from './damage.ts'

/** `npm run test:damage` takes 500. */
const copies = Number(process.env['TOPIARY_TEST_DAMAGE'] ?? 40)
const seed = Number(process.env['TOPIARY_TEST_DAMAGE_SEED'] ?? 20261121)
const longestMs = 20_000

interface Outcome {
  readonly failure?: string
  readonly findings: readonly string[]
  readonly missing: number
  readonly digest: string
  readonly isDegraded: boolean
  readonly again: boolean
}

const nothing: Outcome = { findings: [], missing: 0, digest: '', isDegraded: false, again: false }

let root: string
let source: string
let opener: Opener

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'topiary-damage-'))
  source = join((await builtPackage()).folder, 'dist/src')
  opener = new Opener()
  await makeLiveDirectory(join(root, 'live'))
}, 120_000)

afterAll(async () => {
  opener.stop()
  await rm(root, { recursive: true, force: true })
})

/** A few MB in several tables and a log: each opening makes a table of the log before. */
async function makeLiveDirectory(directory: string): Promise<void> {
  for (let round = 0; round < 4; round++) {
    const live = new LiveDirectory(directory, round)
    await live.open()
    if (round === 0) await live.openSessions(20)
    await live.publish(30, 10, 2000)
    await live.store.close()
  }
}

/** The process that opens copies; another one when it died of one. */
class Opener {
  #child: ChildProcess | undefined
  #lines: AsyncIterator<string> | undefined

  async open(directory: string): Promise<Outcome> {
    const child = (this.#child ??= this.#start())
    child.stdin?.write(`${directory}\n`)
    const timer = setTimeout(() => child.kill('SIGKILL'), longestMs)
    const line = await (this.#lines as AsyncIterator<string>).next()
    clearTimeout(timer)
    if (line.done !== true) return { ...nothing, ...(JSON.parse(line.value) as Outcome) }
    this.#child = undefined
    return { ...nothing, failure: 'the process died or hung' }
  }

  stop(): void {
    this.#child?.kill()
  }

  #start(): ChildProcess {
    const script = fileURLToPath(new URL('open-copy.mjs', import.meta.url))
    const child = spawn(process.execPath, [script, source], { stdio: ['pipe', 'pipe', 'ignore'] })
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    return child
  }
}

async function copyOf(number: number): Promise<string> {
  const copy = join(root, `copy-${number}`)
  await cp(join(root, 'live'), copy, { recursive: true, filter: (path) => !path.endsWith('ballast') })
  // to lay one for each copy would take most of the time
  await link(join(root, 'live', 'ballast'), join(copy, 'ballast'))
  return copy
}

describe(`${copies} copies of a data directory, each damaged somewhere`, () => {
  it(
    'all open, take new state, and say what is missing where something is',
    async () => {
      const untouched = await opener.open(await copyOf(0))
      expect(untouched).toMatchObject({ findings: [], missing: 0, isDegraded: false, again: true })
      const wrong: string[] = []
      let reported = 0
      for (let number = 1; number <= copies; number++) {
        const copy = await copyOf(number)
        const what = await spoil(copy, new Random(seed + number * 7919))
        const outcome = await opener.open(copy)
        const { failure, findings, missing, digest, isDegraded, again } = outcome
        if (findings.length > 0 || missing > 0) reported++
        const isSilent = findings.length === 0 && missing === 0 && digest !== untouched.digest
        if (failure !== undefined || isSilent || isDegraded || !again) {
          wrong.push(`seed ${seed}, copy ${number}, ${what}: ${failure ?? JSON.stringify({ ...outcome, isSilent })}`)
        }
        await rm(copy, { recursive: true })
      }
      expect(wrong).toEqual([])
      expect(reported).toBeGreaterThan(copies / 4)
    },
    copies * longestMs,
  )
})
