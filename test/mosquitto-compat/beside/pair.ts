import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { loadMosquittoConf } from '../../../mosquitto-compat/load-mosquitto-conf.ts'
import { createBroker } from '../../../src/server/create-broker.ts'
import { freePorts } from '../../support/free-port.ts'
import { BrokerProcess, mosquittoProgram } from './debian-mosquitto.ts'

/** One of the two brokers as it runs. */
export interface Side {
  readonly name: 'mosquitto' | 'topiary'
  /** By the number in `@PORT1@`, less one. */
  readonly ports: readonly number[]
  /** Whether it did not start, and what it said then. */
  readonly refusal: string | undefined
  /** Resolves when the broker has taken note of a connection whose end the client has seen. */
  settled(): Promise<void>
  stop(): Promise<void>
}

export interface Pair {
  readonly mosquitto: Side
  readonly topiary: Side
  stop(): Promise<void>
}

/** What a mosquitto.conf and the files it names say: `@PORT1@` and `@DIR@` stand for what each side has of its own. */
export interface Files {
  readonly conf: string
  readonly others?: Readonly<Record<string, string>>
  /** How many ports the conf has. */
  readonly ports: number
}

const directories = new Set<string>()

/** For both sides of one comparison. */
export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'topiary-beside-'))
  directories.add(directory)
  return directory
}

/** Starts both brokers on copies of the same files. */
export async function startPair(files: Files): Promise<Pair> {
  const directory = newDirectory()
  const ports = await freePorts(files.ports * 2)
  const [mosquitto, topiary] = await Promise.all([
    startMosquitto(place(files, join(directory, 'mosquitto'), ports.slice(0, files.ports))),
    startTopiary(place(files, join(directory, 'topiary'), ports.slice(files.ports))),
  ])
  return {
    mosquitto,
    topiary,
    stop: async () => {
      await Promise.all([mosquitto.stop(), topiary.stop()])
      rmSync(directory, { recursive: true, force: true })
      directories.delete(directory)
    },
  }
}

/** What both say when they are asked the same. */
export async function both<T>({ mosquitto, topiary }: Pair, ask: (side: Side) => Promise<T>): Promise<[T, T]> {
  return Promise.all([ask(mosquitto), ask(topiary)])
}

export interface Placed {
  readonly file: string
  readonly directory: string
  readonly ports: readonly number[]
}

/** Writes the files of one side. */
export function place({ conf, others = {} }: Files, directory: string, ports: readonly number[]): Placed {
  for (const [name, text] of Object.entries({ ...others, 'mosquitto.conf': conf })) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), placedText(text, directory, ports), { mode: 0o600 })
  }
  return { file: join(directory, 'mosquitto.conf'), directory, ports }
}

export function placedText(text: string, directory: string, ports: readonly number[]): string {
  return text.replaceAll('@DIR@', directory).replaceAll(/@PORT(\d)@/g, (_, digit: string) => String(ports[+digit - 1]))
}

async function startMosquitto({ file, directory, ports }: Placed): Promise<Side> {
  // started as root it would become a user who cannot read these files
  appendFileSync(file, '\nuser root\n')
  const broker = new BrokerProcess(mosquittoProgram, ['-c', file], directory)
  const isUp = await broker.listens(ports)
  return {
    name: 'mosquitto',
    ports,
    refusal: isUp ? undefined : broker.output,
    // one thread that closes and counts in one go
    settled: () => Promise.resolve(),
    stop: async () => void (await broker.stop()),
  }
}

async function startTopiary({ file, ports }: Placed): Promise<Side> {
  const name = 'topiary'
  try {
    const { settings } = loadMosquittoConf({ file, version: '2.0' })
    const broker = createBroker(settings)
    await broker.listen()
    return { name, ports, refusal: undefined, settled: turns, stop: () => broker.close({ graceMs: 0 }) }
  } catch (error) {
    return { name, ports, refusal: (error as Error).message, settled: turns, stop: () => Promise.resolve() }
  }
}

/** It is in this process: what is on its way is there after a few turns of the loop. */
async function turns(): Promise<void> {
  for (let left = 4; left > 0; left--) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** For `afterAll`: a test that failed leaves no files behind. */
export function removeDirectories(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
}
