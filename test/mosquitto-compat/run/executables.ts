import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { killSpawnedClients, spawnClient, type SpawnedClient } from '../../clients/spawned-client.ts'
import { WireClient } from '../../support/wire-client.ts'
import { freePort } from '../../support/free-port.ts'
import { builtPackage } from '../../support/built-package.ts'

/** The executables, a directory of the test's own, and a port that nobody has. */
export let mosquitto = ''
export let topiary = ''
export let directory = ''
export let port = 0

const started: SpawnedClient[] = []

/** For the tests of the calling file. */
export function useExecutables(): void {
  beforeAll(async () => {
    ;({ mosquitto, topiary } = await builtPackage())
  })
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'topiary-run-'))
    port = await freePort()
  })
  afterEach(() => {
    for (const one of started.splice(0)) one.kill('SIGKILL')
    killSpawnedClients()
    rmSync(directory, { recursive: true, force: true })
  })
}

/** A program that is ended with the test. */
export function launch(command: string, args: readonly string[]): SpawnedClient {
  const program = spawnClient(command, args)
  started.push(program)
  return program
}

export function path(name: string): string {
  return join(directory, name)
}

/** A conf with a listener that lets anybody in, and these lines. */
export function conf(...lines: string[]): string {
  writeFileSync(
    path('m.conf'),
    [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'user root', ...lines, ''].join('\n'),
  )
  return path('m.conf')
}

/** The same for a user. */
export function confAs(user: string): string {
  writeFileSync(path('m.conf'), `listener ${port} 127.0.0.1\nallow_anonymous true\nuser ${user}\n`)
  return path('m.conf')
}

export async function run(...args: string[]) {
  return spawnClient(mosquitto, args).ended
}

/** The broker, running. */
export async function start(...args: string[]): Promise<SpawnedClient> {
  const broker = launch(mosquitto, args)
  await broker.line(/ running$/)
  return broker
}

/** A conf whose broker says nothing by itself under `$SYS`. */
export function quiet(...lines: string[]): string {
  return conf('sys_interval 0', ...lines)
}

export function startQuiet(...lines: string[]): Promise<SpawnedClient> {
  return start('-c', quiet(...lines))
}

/** `kill` of a signal that has no name in Node.js. */
export async function signal(broker: { readonly pid: number }, number: number): Promise<void> {
  await spawnClient('kill', [`-${number}`, String(broker.pid)]).ended
}

export async function enter(clientId: string, at = port): Promise<WireClient> {
  const client = await WireClient.open({ port: at, version: 5 })
  expect((await client.connect({ clientId })).reasonCode).toBe(0)
  return client
}

/** Turns go by until it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  const giveUpMs = performance.now() + 20_000
  while (!isSo()) {
    if (performance.now() > giveUpMs) throw new Error('it never became so')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Lines without what changes from run to run. */
export function plain(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line
        .replace(/^\d+: /, '')
        .replaceAll(String(port), 'PORT')
        .replace(/ \(topiary [^)]+\)/, ''),
    )
}

/** Until somebody listens. */
export async function answers(): Promise<void> {
  for (;;) {
    const client = await WireClient.open({ port, version: 5 }).catch(() => undefined)
    if (client !== undefined) return client.abort()
  }
}
