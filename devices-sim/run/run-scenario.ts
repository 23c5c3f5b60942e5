import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { judge } from '../assertions/judge.ts'
import { parseAssertion } from '../assertions/parse-assertion.ts'
import type { EngineOptions } from '../engines/engine.ts'
import type { Progress, RunReport } from '../report/run-report.ts'
import { checkFiles } from '../scenario/checks/check-files.ts'
import { FaultList } from '../scenario/checks/fault-list.ts'
import type { Scenario } from '../scenario/schema.ts'
import { assignmentsOf } from './assignment.ts'
import type { Books, SecondBooks, WorkerStatus } from '../proof/books.ts'
import { buildReport } from './build-report.ts'
import { ForkedWorker } from './forked-worker.ts'
import { machineLimits, preflight } from './preflight.ts'
import { ProgressOfRun } from './progress-of-run.ts'
import { RunError } from './run-error.ts'
import { RunWorker, type Worker, type WorkerOrders } from './run-worker.ts'
import { RunClock } from '../timing/run-clock.ts'
import { type Timetable, timetableOf } from '../timing/timetable.ts'
import { plainSettings, versionsOf } from './circumstances.ts'

export interface RunOptions {
  /** Told about four times a second. */
  readonly onProgress?: (progress: Progress) => void
  /** Ends the run early, with a drain and a report. */
  readonly stop?: AbortSignal
  /** How the run was called, for the report. */
  readonly command?: string
  /** Where files that the scenario names are looked for; the working directory if left out. */
  readonly directory?: string
  /** The file of a scenario that is a program and has functions: further processes read them from there. */
  readonly module?: string | undefined
  /** In each message; follows from the scenario and its seed if left out, so that two runs send the same. */
  readonly run?: string | undefined
  /** Leaves sessions and retained messages on the broker when all is over. */
  readonly keep?: boolean
}

/** Time between the order to start and the start, for it to reach all processes. */
const LEAD_MS = 200
const POLL_MS = 250
const DRAIN_POLL_MS = 50
/** Nothing arrives for this long, and nothing is on its way: what is missing will not come. */
const QUIET_MS = 400
const MOST_FAULTS_SHOWN = 5

/** Runs a scenario from the first connect to the last message, and tells what was promised and what arrived. */
export async function runScenario(scenario: Scenario, options: RunOptions = {}): Promise<RunReport> {
  const files = new FaultList()
  checkFiles(scenario, options.directory ?? process.cwd(), files)
  const faults = [...files.faults.map(({ message }) => message), ...preflight(scenario, machineLimits())]
  if (faults.length > 0) throw new RunError(faults)
  const run = options.run ?? runOf(scenario)
  const workers = makeWorkers(scenario, run, options)
  try {
    const broker = await unlessStopped(options.stop, begin(workers, scenario.broker.url))
    return await perform(scenario, run, broker, workers, options)
  } finally {
    await Promise.all(workers.map((worker) => worker.close()))
  }
}

/** The same for the same scenario and seed; passwords and where the broker is do not count. */
function runOf(scenario: Scenario): string {
  const played = { ...scenario, broker: undefined, workers: undefined }
  return createHash('sha256')
    .update(JSON.stringify(plainSettings(played)))
    .digest('hex')
    .slice(0, 8)
}

function makeWorkers(scenario: Scenario, run: string, { directory = process.cwd(), module }: RunOptions): Worker[] {
  const engine = engineOptions(scenario)
  const orders = assignmentsOf(scenario).map((assignment): WorkerOrders => ({
    scenario,
    run,
    assignment,
    engine,
    directory,
  }))
  const [only] = orders
  if (orders.length === 1 && only !== undefined) return [new RunWorker(only)]
  return orders.map((one) => new ForkedWorker(one, module))
}

function engineOptions({ broker }: Scenario): EngineOptions {
  const { ca, cert, key, insecure, url } = broker
  return { url, tls: { ca: textOf(ca), cert: textOf(cert), key: textOf(key), insecure } }
}

function textOf(file: string | undefined): string | undefined {
  return file && readFileSync(file, 'utf8')
}

async function begin(workers: readonly Worker[], url: string): Promise<string> {
  const broker = await greet(workers[0] as Worker, url)
  await prepare(workers)
  return broker
}

/** Nobody should have to wait for a broker that lets us wait. */
function unlessStopped<T>(stop: AbortSignal | undefined, preparing: Promise<T>): Promise<T> {
  if (stop === undefined) return preparing
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new RunError(['stopped before the run began']))
    stop.addEventListener('abort', onAbort)
    if (stop.aborted) onAbort()
    void preparing.then(resolve, reject).finally(() => stop.removeEventListener('abort', onAbort))
  })
}

/** Asks the broker for its version; who finds none here need not wait for a whole run to fail. */
async function greet(worker: Worker, url: string): Promise<string> {
  const { version, fault } = await worker.greet()
  const { host } = new URL(url)
  if (fault === undefined) return version
  throw new RunError([`no MQTT broker answers at ${host} (${fault}); start one, or give another address with --url`])
}

async function prepare(workers: readonly Worker[]): Promise<void> {
  const faults = (await Promise.all(workers.map((worker) => worker.prepare()))).flat()
  if (faults.length === 0) return
  const more = faults.length - MOST_FAULTS_SHOWN
  throw new RunError([...faults.slice(0, MOST_FAULTS_SHOWN), ...(more > 0 ? [`and ${more} more like these`] : [])])
}

async function perform(
  scenario: Scenario,
  run: string,
  broker: string,
  workers: readonly Worker[],
  options: RunOptions,
): Promise<RunReport> {
  const timetable = timetableOf(scenario)
  const startedAt = new Date().toISOString()
  const startNs = process.hrtime.bigint() + BigInt(LEAD_MS * 1_000_000)
  const clock = new RunClock(scenario.clock.start, scenario.clock.speed)
  clock.begin(startNs)
  const course = new Course(workers, clock, timetable, clientsOf(scenario), options)
  await Promise.all(workers.map((worker) => worker.start(startNs)))
  const ended = await course.run(quietTimeMs(scenario))
  const seconds = clock.nowUs() / 1e6
  const retained = await Promise.all(workers.map((worker) => worker.checkRetained()))
  const books = await course.closeBooks()
  if (options.keep !== true) await Promise.all(workers.map((worker) => worker.cleanUp()))
  return judged(scenario, {
    scenario,
    timetable,
    books,
    seconds: course.seconds,
    retained,
    run: {
      id: run,
      scenario: scenario.name,
      description: scenario.description,
      seed: scenario.seed,
      startedAt,
      seconds,
      warmUpSeconds: scenario.warmUp / 1000,
      ended,
      command: options.command ?? '',
    },
    versions: versionsOf(broker),
    settings: plainSettings(scenario),
  })
}

function clientsOf({ fleets, subscribers }: Scenario): number {
  return [...Object.values(fleets), ...Object.values(subscribers)].reduce((sum, { count }) => sum + count, 0)
}

/** A slow reader may be silent between two messages. */
function quietTimeMs({ subscribers }: Scenario): number {
  const slowest = Math.min(...Object.values(subscribers).map(({ readsPerSecond = Infinity }) => readsPerSecond))
  return Math.max(QUIET_MS, 3000 / slowest)
}

function judged(scenario: Scenario, findings: Parameters<typeof buildReport>[0]): RunReport {
  const report = buildReport(findings)
  const assertions = scenario.assertions.map((text) => {
    const assertion = parseAssertion(text)
    return 'fault' in assertion ? { assertion: text, passed: false, actual: assertion.fault } : judge(assertion, report)
  })
  const isWhole = report.run.ended === 'finished'
  return { ...report, assertions, passed: isWhole && assertions.every(({ passed }) => passed) }
}

/** Watches a run in all its processes until it is over. */
class Course {
  readonly seconds: SecondBooks[] = []
  readonly #workers: readonly Worker[]
  readonly #clock: RunClock
  readonly #timetable: Timetable
  readonly #options: RunOptions
  readonly #progress: ProgressOfRun

  constructor(workers: readonly Worker[], clock: RunClock, timetable: Timetable, wanted: number, options: RunOptions) {
    this.#workers = workers
    this.#clock = clock
    this.#timetable = timetable
    this.#options = options
    this.#progress = new ProgressOfRun(timetable, wanted)
  }

  /** Lets the phases pass, then waits until all has arrived or nothing more can be hoped for. */
  async run(quietMs: number): Promise<RunReport['run']['ended']> {
    const { stop } = this.#options
    for (;;) {
      if (this.#clock.nowUs() >= this.#timetable.endUs || stop?.aborted === true) break
      await this.#look()
      const leftMs = (this.#timetable.endUs - this.#clock.nowUs()) / 1000
      await sleep(Math.max(0, Math.min(POLL_MS, leftMs)), undefined, stop && { signal: stop }).catch(() => {})
    }
    const isInterrupted = stop?.aborted === true
    if (isInterrupted) await Promise.all(this.#workers.map((worker) => worker.stop()))
    const outcome = await this.#drain(quietMs)
    return outcome === 'finished' && isInterrupted ? 'interrupted' : outcome
  }

  /** Devices leave, their goodbyes arrive, and what every process knows is put together. */
  async closeBooks(): Promise<readonly Books[]> {
    await Promise.all(this.#workers.map((worker) => worker.stop()))
    await Promise.all(this.#workers.map((worker) => worker.leave()))
    const endUs = this.#clock.nowUs() + 3_000_000
    let received = -1
    let quietSinceUs = this.#clock.nowUs()
    while (this.#clock.nowUs() < endUs) {
      const status = await this.#look()
      if (status.received !== received) quietSinceUs = this.#clock.nowUs()
      received = status.received
      if (status.connected === 0 && this.#clock.nowUs() - quietSinceUs > 200_000) break
      await sleep(DRAIN_POLL_MS)
    }
    return Promise.all(this.#workers.map((worker) => worker.books()))
  }

  async #drain(quietMs: number): Promise<'finished' | 'broker lost' | 'drain timed out'> {
    const endUs = this.#clock.nowUs() + this.#timetable.drainUs
    let arrived = -1
    let quietSinceUs = this.#clock.nowUs()
    let status = await this.#look()
    while (this.#clock.nowUs() < endUs) {
      const now = status.received + status.duplicates + status.willsSeen
      if (now !== arrived) quietSinceUs = this.#clock.nowUs()
      arrived = now
      // quiet in any case: a duplicate comes after the message itself
      const isQuiet = this.#clock.nowUs() - quietSinceUs >= quietMs * 1000
      const isAllThere = status.owedReceived >= status.owed && status.willsSeen >= status.willsExpected
      if (isQuiet && status.busy === 0 && isAllThere) return 'finished'
      await sleep(DRAIN_POLL_MS)
      status = await this.#look()
    }
    if (status.connected === 0 && status.sent > 0) return 'broker lost'
    return status.busy === 0 ? 'finished' : 'drain timed out'
  }

  async #look(): Promise<Omit<WorkerStatus, 'seconds'>> {
    const parts = await Promise.all(this.#workers.map((worker) => worker.status()))
    this.seconds.push(...parts.flatMap(({ seconds }) => seconds))
    const status = this.#progress.take(parts, this.#clock.nowUs())
    this.#options.onProgress?.(this.#progress.shown)
    return status
  }
}
