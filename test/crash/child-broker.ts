import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { DeathOrder, StartOrders, Tidings } from './orders.ts'

export interface Death {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The end of what it wrote to stderr. */
  readonly words: string
}

const LAST_WORDS_MS = 20

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

const entry = fileURLToPath(new URL('./broker-process.js', import.meta.url))

/** A broker in a process of its own. */
export class ChildBroker {
  readonly #child: ChildProcess
  /** Undefined when it died before. */
  readonly port: Promise<number | undefined>
  readonly died: Promise<Death>
  isDead = false

  /** `wrapper` is a command that runs it, as strace does; it is given the signals. */
  constructor(
    orders: StartOrders,
    onFault: (message: string) => void,
    environment: NodeJS.ProcessEnv = {},
    wrapper: readonly string[] = [],
  ) {
    const [command = '', ...args] = [...wrapper, process.execPath, entry]
    const env = { ...process.env, ...environment, TOPIARY_TEST_CRASH: JSON.stringify(orders) }
    this.#child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    running.add(this.#child)
    let words = ''
    this.#child.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-2000)))
    this.died = new Promise((resolve) => {
      this.#child.on('exit', (code, signal) => {
        running.delete(this.#child)
        this.isDead = true
        // its last words may still be on their way; `close` does not come when the channel was let go of
        setTimeout(() => resolve({ code, signal, words }), LAST_WORDS_MS)
      })
    })
    this.port = new Promise((resolve) => {
      this.#child.on('message', (tidings: Tidings) => {
        if (tidings.kind === 'ready') resolve(tidings.port)
        else onFault(tidings.message)
      })
      void this.died.then(() => resolve(undefined))
    })
  }

  order(death: DeathOrder): void {
    if (this.#child.connected) this.#child.send(death, () => {})
  }

  /** It ends by itself, and so does what is wrapped around it. */
  letGo(): void {
    if (this.#child.connected) this.#child.disconnect()
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
