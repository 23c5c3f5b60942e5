import { join } from 'node:path'
import { spawnClient, type SpawnedClient } from '../../clients/spawned-client.ts'
import { freePorts } from '../../support/free-port.ts'
import { BrokerProcess, mosquittoProgram } from './debian-mosquitto.ts'
import { type Files, newDirectory, place, type Placed } from './pair.ts'

/** One of the two brokers as a program, started on a file as an operator starts it. */
export class BrokerProgram {
  readonly name: 'mosquitto' | 'topiary'
  readonly directory: string
  readonly ports: readonly number[]
  readonly #command: readonly string[]
  readonly #env: NodeJS.ProcessEnv
  #process: BrokerProcess | undefined

  constructor(name: BrokerProgram['name'], { directory, ports, file }: Placed, command: readonly string[]) {
    this.name = name
    this.directory = directory
    this.ports = ports
    this.#command = [...command, '-c', file]
    this.#env = { ...process.env, TOPIARY_MOSQUITTO_VERSION: '2.0' }
  }

  async start(): Promise<void> {
    const [command = '', ...args] = this.#command
    this.#process = new BrokerProcess(command, args, this.directory, this.#env)
    if (await this.#process.listens(this.ports)) return
    throw new Error(`${this.name} did not start:\n${this.#process.output}`)
  }

  /** Resolves with the exit code. */
  async stop(): Promise<number | null> {
    return (await this.#process?.stop()) ?? null
  }

  /** What it wrote to the terminal. */
  get output(): string {
    return this.#process?.output ?? ''
  }
}

/** Both on copies of the same files, not started yet. `main` is our program. */
export async function programsOn(files: Files, main: string): Promise<readonly [BrokerProgram, BrokerProgram]> {
  const directory = newDirectory()
  const ports = await freePorts(files.ports * 2)
  const theirs = place(files, join(directory, 'mosquitto'), ports.slice(0, files.ports))
  const ours = place(files, join(directory, 'topiary'), ports.slice(files.ports))
  return [
    new BrokerProgram('mosquitto', theirs, [mosquittoProgram]),
    new BrokerProgram('topiary', ours, [process.execPath, main]),
  ]
}

/** Where a tool finds a broker. */
export interface Place {
  readonly ports: readonly number[]
  readonly directory: string
}

/** A tool of Debian's mosquitto-clients. stdbuf, because it keeps its lines to itself when stdout is a pipe. */
export function tool({ ports }: Place, name: string, listener: number, args: readonly string[]): SpawnedClient {
  const address = ['-h', 'localhost', '-p', String(ports[listener - 1])]
  return spawnClient('stdbuf', ['-oL', `mosquitto_${name}`, ...address, ...args])
}

/** How it ended and what it said. */
export async function ending(client: SpawnedClient): Promise<unknown> {
  const { code, out, err } = await client.ended
  return { code, out: out.split('\n').filter((line) => line.startsWith('> ')), err: err.trim() }
}
