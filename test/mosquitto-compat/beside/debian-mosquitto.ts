import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'

/** Debian's broker, which the tests in this directory put beside ours. */
export const mosquittoProgram = '/usr/sbin/mosquitto'

/** Why there is nothing to compare with; undefined where there is. */
export const absence = reasonOfAbsence()

function reasonOfAbsence(): string | undefined {
  if (!existsSync(mosquittoProgram)) return `${mosquittoProgram} is not installed`
  const text = spawnSync(mosquittoProgram, ['-h']).stdout.toString()
  if (!text.startsWith('mosquitto version 2.0.')) return `${mosquittoProgram} is not of version 2.0`
  const programs = ['mosquitto_passwd', 'mosquitto_pub', 'mosquitto_sub', 'mosquitto_rr', 'openssl', 'stdbuf']
  const missing = programs.filter((name) => spawnSync(name, ['--help']).error !== undefined)
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed`
}

export function sayWhyAbsent(what: string): void {
  if (absence !== undefined) console.warn(`skipping ${what}: ${absence}`)
}

/** A broker that runs as a program. */
export class BrokerProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  #hasEnded = false
  #output = ''

  constructor(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env) {
    this.#child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
    }
    this.#ended = once(this.#child, 'close').then(([code]) => {
      this.#hasEnded = true
      return code as number | null
    })
  }

  /** What it wrote so far; all of it after `stop`. */
  get output(): string {
    return this.#output
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Whether it listens on all of `ports`, or ended instead. */
  async listens(ports: readonly number[]): Promise<boolean> {
    while (!this.#hasEnded) {
      const open = listeningPorts()
      if (ports.every((port) => open.has(port))) return true
      await Promise.race([wait(4), this.#ended])
    }
    return false
  }

  /** Resolves with its exit code. */
  stop(): Promise<number | null> {
    if (!this.#hasEnded) this.#child.kill('SIGTERM')
    return this.#ended
  }
}

/** Read from the kernel: a connection of ours would be one of the clients that the broker counts. */
function listeningPorts(): Set<number> {
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => readFileSync(path, 'utf8').split('\n').slice(1))
  const ports = rows.flatMap((row) => {
    const [, , local = '', , state] = row.split(/\s+/)
    return state === '0A' ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : []
  })
  return new Set(ports)
}
