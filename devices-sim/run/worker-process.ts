import { RunError } from './run-error.ts'
import { RunWorker, type Worker, type WorkerOrders } from './run-worker.ts'
import { loadScenario } from '../scenario/load-scenario.ts'

/** Asked of a process by the one that leads the run; answered with the same number. */
export interface WorkerRequest {
  readonly number: number
  readonly method: keyof Worker
  readonly argument?: bigint
}

export type WorkerAnswer =
  { readonly number: number; readonly value: unknown } | { readonly number: number; readonly fault: string }

export type WorkerMessage = { readonly orders: WorkerOrders; readonly module: string | undefined } | WorkerRequest

/** Plays a part of a run in a process of its own, led over the channel to the process that started it. */
let worker: Promise<RunWorker> | undefined

process.on('message', (message: WorkerMessage) => {
  if ('orders' in message) {
    worker = makeWorker(message.orders, message.module)
    worker.catch(() => {}) // told when something is asked of it
  } else void answer(message)
})
process.on('disconnect', () => process.exit(0))
// the leader decides when a run ends; Ctrl-C reaches the whole group
process.on('SIGINT', () => {})

async function makeWorker(orders: WorkerOrders, module: string | undefined): Promise<RunWorker> {
  return new RunWorker(module === undefined ? orders : { ...orders, scenario: await withFunctions(orders, module) })
}

/** Functions do not cross from process to process: they are read from where the scenario came from. */
async function withFunctions({ scenario }: WorkerOrders, module: string): Promise<WorkerOrders['scenario']> {
  const { fleets } = await loadScenario(module)
  const merged = Object.entries(scenario.fleets).map(([name, fleet]) => [
    name,
    { ...fleet, sensors: fleets[name]?.sensors ?? fleet.sensors },
  ])
  return { ...scenario, fleets: Object.fromEntries(merged) as typeof fleets }
}

async function answer({ number, method, argument }: WorkerRequest): Promise<void> {
  try {
    const part = await worker
    if (part === undefined) throw new Error('there are no orders yet')
    const value = method === 'start' ? await part.start(argument ?? 0n) : await part[method]()
    send({ number, value })
  } catch (error) {
    const isTold = error instanceof RunError || !(error instanceof Error)
    send({ number, fault: isTold ? String((error as Error).message ?? error) : (error.stack ?? error.message) })
  }
}

function send(message: WorkerAnswer): void {
  process.send?.(message, undefined, undefined, () => {}) // the leader may have left
}
