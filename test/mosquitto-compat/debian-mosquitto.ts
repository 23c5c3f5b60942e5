import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SpawnedClient, spawnClient } from '../clients/spawned-client.ts'
import { WireClient } from '../support/wire-client.ts'
import { freePort } from '../support/free-port.ts'

/** Debian's mosquitto 2.0.11, for tests that hold ours against it. */
export interface DebianMosquitto {
  readonly port: number
  stop(): Promise<void>
}

/** Runs it with one listener that lets anybody in, and these lines. */
export async function startDebianMosquitto(lines: readonly string[]): Promise<DebianMosquitto> {
  const directory = mkdtempSync(join(tmpdir(), 'debian-mosquitto-'))
  const port = await freePort()
  const file = join(directory, 'm.conf')
  writeFileSync(file, [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'user root', ...lines, ''].join('\n'))
  const process = spawnClient('/usr/sbin/mosquitto', ['-c', file])
  await listening(process, port)
  return {
    port,
    async stop() {
      process.kill('SIGKILL')
      await process.ended
      rmSync(directory, { recursive: true })
    },
  }
}

async function listening(process: SpawnedClient, port: number): Promise<void> {
  await process.line(/ running$/)
  await (await WireClient.open({ port })).abort()
}
