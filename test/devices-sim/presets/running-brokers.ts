import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Aedes } from 'aedes'
import { createBroker } from '../../../src/index.ts'
import { freePort } from '../../support/free-port.ts'

/** A broker that a run can be put on. */
export interface RunningBroker {
  readonly url: string
  stop(): Promise<void>
}

export async function startOwnBroker(): Promise<RunningBroker> {
  const broker = createBroker({ listeners: [{ kind: 'tcp', port: 0 }] })
  const [address] = await broker.listen()
  return { url: address?.url ?? '', stop: () => broker.close({ graceMs: 0 }) }
}

export async function startAedes(): Promise<RunningBroker> {
  const broker = await Aedes.createBroker()
  const server = createServer(broker.handle)
  const port = await listening(server)
  return {
    url: `mqtt://127.0.0.1:${port}`,
    stop: async () => {
      await new Promise<void>((resolve) => broker.close(resolve))
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const mosquitto = ['mosquitto', '/usr/sbin/mosquitto'].find((path) => spawnSync(path, ['-h']).error === undefined)
export const hasMosquitto = mosquitto !== undefined

/** It takes no port 0: a free one is looked for, and another one should somebody have taken it meanwhile. */
export async function startMosquitto(attempts = 5): Promise<RunningBroker> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'topiary-mosquitto-'))
  const file = join(folder, 'mosquitto.conf')
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nlog_dest none\n`)
  const program = spawn(mosquitto ?? 'mosquitto', ['-c', file], { stdio: 'ignore' })
  const hasEnded = ended(program)
  const stop = async (): Promise<void> => {
    program.kill('SIGKILL')
    await hasEnded
    rmSync(folder, { recursive: true })
  }
  if (await answers(port, program)) return { url: `mqtt://127.0.0.1:${port}`, stop }
  await stop()
  if (attempts <= 1) throw new Error('mosquitto does not start')
  return startMosquitto(attempts - 1)
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function ended(program: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    program.on('exit', () => resolve())
    program.on('error', () => resolve())
  })
}

async function answers(port: number, program: ChildProcess): Promise<boolean> {
  while (program.exitCode === null && program.signalCode === null) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (isOpen) return true
    await sleep(20)
  }
  return false
}
