import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'

const reporter = join(import.meta.dirname, 'child/report-cpu.mjs')

/** A broker in a process of its own whose CPU time can be asked for. */
export class MeasuredBroker {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(port: number, child: ChildProcess) {
    this.port = port
    this.#child = child
  }

  /** `args` are those of node for a broker on 127.0.0.1; the port comes last. */
  static async start(args: readonly string[]): Promise<MeasuredBroker> {
    const port = await freePort()
    const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const
    const child = spawn(process.execPath, ['--import', reporter, ...args, String(port)], { stdio: [...stdio] })
    const broker = new MeasuredBroker(port, child)
    while (!(await isListening(port))) {
      if (child.exitCode !== null) throw new Error(`the broker ended with ${child.exitCode} before it listened`)
      await wait(20)
    }
    return broker
  }

  /** CPU time used so far, in microseconds. */
  async cpu(): Promise<number> {
    this.#child.send('')
    const [cpu] = await once(this.#child, 'message')
    return cpu as number
  }

  async stop(): Promise<void> {
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  const isOpen = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return isOpen
}
