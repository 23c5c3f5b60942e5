import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { packageFile } from '../../src/settings/version.ts'
import type { Scenario } from '../scenario/schema.ts'
import type { Books, WorkerStatus } from '../proof/books.ts'
import { RunError } from './run-error.ts'
import type { Greeting } from './greet-broker.ts'
import type { RetainedFindings } from './check-retained.ts'
import type { Worker, WorkerOrders } from './run-worker.ts'
import type { WorkerAnswer, WorkerMessage, WorkerRequest } from './worker-process.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** A part of a run that a process of its own plays. */
export class ForkedWorker implements Worker {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #number = 0
  #isClosing = false

  /** `module`: the file of a scenario that is a program, for its functions. */
  constructor(orders: WorkerOrders, module: string | undefined) {
    const program = join(dirname(packageFile()), 'dist/devices-sim/run/worker-process.js')
    if (!existsSync(program)) throw new RunError([`${program} is missing; run \`npm run build\` first`])
    this.#child = fork(program, { serialization: 'advanced' })
    this.#child.on('message', (answer: WorkerAnswer) => this.#answered(answer))
    this.#child.on('error', (error) => this.#ended(`could not go on: ${error.message}`))
    this.#child.on('exit', (code, signal) => this.#ended(`ended with ${signal ?? `exit code ${code}`}`))
    this.#send({ orders: { ...orders, scenario: withoutFunctions(orders.scenario) }, module })
  }

  prepare(): Promise<readonly string[]> {
    return this.#ask('prepare')
  }

  greet(): Promise<Greeting> {
    return this.#ask('greet')
  }

  start(startNs: bigint): Promise<void> {
    return this.#ask('start', startNs)
  }

  status(): Promise<WorkerStatus> {
    return this.#ask('status')
  }

  stop(): Promise<void> {
    return this.#ask('stop')
  }

  checkRetained(): Promise<RetainedFindings> {
    return this.#ask('checkRetained')
  }

  leave(): Promise<void> {
    return this.#ask('leave')
  }

  books(): Promise<Books> {
    return this.#ask('books')
  }

  cleanUp(): Promise<void> {
    return this.#ask('cleanUp')
  }

  async close(): Promise<void> {
    this.#isClosing = true
    if (!this.#child.connected) return
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    this.#child.disconnect()
    await ended
  }

  #ask<T>(method: keyof Worker, argument?: bigint): Promise<T> {
    const number = ++this.#number
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(number, { resolve: resolve as (value: unknown) => void, reject })
      this.#send({ number, method, ...(argument !== undefined && { argument }) } satisfies WorkerRequest)
    })
  }

  #send(message: WorkerMessage): void {
    // an error is told by the event
    if (this.#child.connected) this.#child.send(message, () => {})
    else this.#ended('is gone')
  }

  #answered(answer: WorkerAnswer): void {
    const waiting = this.#waiting.get(answer.number)
    this.#waiting.delete(answer.number)
    if ('fault' in answer) waiting?.reject(new RunError([answer.fault]))
    else waiting?.resolve(answer.value)
  }

  #ended(how: string): void {
    if (this.#isClosing) return
    const fault = `the generator process ${this.#child.pid} ${how}: the run cannot go on, and there is no report`
    const error = new RunError([fault])
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

function withoutFunctions(scenario: Scenario): Scenario {
  const fleets = Object.entries(scenario.fleets).map(([name, fleet]) => {
    const sensors = Object.entries(fleet.sensors).filter(([, sensor]) => typeof sensor !== 'function')
    return [name, { ...fleet, sensors: Object.fromEntries(sensors) }] as const
  })
  return { ...scenario, fleets: Object.fromEntries(fleets) }
}
