import { setTimeout as sleep } from 'node:timers/promises'
import { Agenda } from '../devices/agenda.ts'
import { Device } from '../devices/device.ts'
import { FleetOnStage } from '../devices/fleet-on-stage.ts'
import type { Stage } from '../devices/stage.ts'
import type { ConnectTerms, Engine, EngineOptions } from '../engines/engine.ts'
import { lightEngine } from '../engines/light/light-engine.ts'
import { mqttjsEngine } from '../engines/mqttjs/mqttjs-engine.ts'
import { GeneratorWatch } from '../measures/generator-watch.ts'
import { Latencies, Tallies } from '../measures/tallies.ts'
import { AwayWindows } from '../proof/away-windows.ts'
import { SendLog } from '../proof/send-log.ts'
import { type ExpectedDelivery, expectedDeliveries } from '../scenario/expected-deliveries.ts'
import type { Scenario } from '../scenario/schema.ts'
import { csvFiles } from '../sensors/csv-files.ts'
import type { Controller } from '../subscribers/controller.ts'
import { type FleetRange, GroupOnStage } from '../subscribers/group-on-stage.ts'
import type { Subscriber } from '../subscribers/subscriber.ts'
import type { Tracker } from '../subscribers/tracker.ts'
import { type Assignment, rangesOf } from './assignment.ts'
import type { Books, WorkerStatus } from '../proof/books.ts'
import { checkRetained, type RetainedFindings } from './check-retained.ts'
import { clearRetained, discardSessions } from './clean-up.ts'
import { Conductor } from './conductor.ts'
import { type Greeting, greetBroker } from './greet-broker.ts'
import { RunError } from './run-error.ts'
import { controllerJoins, type Join, subscriberJoins } from './listener-joins.ts'
import { Pacer } from './pacer.ts'
import { passBy } from './passing-client.ts'
import { RunClock } from '../timing/run-clock.ts'
import { SecondsOfWorker } from './seconds-of-worker.ts'
import { timetableOf } from '../timing/timetable.ts'
import { writeBooks } from './write-books.ts'

type EngineName = 'light' | 'mqttjs'

/** How long a broker may take until a subscription stands. */
const JOIN_TIMEOUT_MS = 20_000

/** What a process needs to play its part. Plain data but for functions in the scenario. */
export interface WorkerOrders {
  readonly scenario: Scenario
  readonly run: string
  readonly assignment: Assignment
  readonly engine: EngineOptions
  /** Where files that the scenario names are looked for. */
  readonly directory: string
}

/** The steps of a run in one process, in the order in which they are called; processes take them together. */
export interface Worker {
  /** Connects the subscribers; resolves with what is wrong, nothing if all is well. */
  prepare(): Promise<readonly string[]>
  /** Looks whether there is a broker, and what it says of itself. */
  greet(): Promise<Greeting>
  /** The run begins at `startNs` of the monotonic clock. */
  start(startNs: bigint): Promise<void>
  status(): Promise<WorkerStatus>
  /** Nothing is made any more, whatever the timetable says. */
  stop(): Promise<void>
  /** Looks at what the broker retains of the devices of this process. */
  checkRetained(): Promise<RetainedFindings>
  /** Devices say goodbye and leave. */
  leave(): Promise<void>
  /** Subscribers leave, and the books are closed. */
  books(): Promise<Books>
  /** Discards sessions and retained messages. */
  cleanUp(): Promise<void>
  close(): Promise<void>
}

/** Plays its part in this process. */
export class RunWorker implements Worker {
  readonly #orders: WorkerOrders
  readonly #stage: Stage
  readonly #deliveries: readonly ExpectedDelivery[]
  readonly #ranges: readonly FleetRange[]
  readonly #devices: Device[] = []
  readonly #subscribers: Subscriber[] = []
  readonly #controllers: Controller[] = []
  readonly #fleets: readonly FleetOnStage[]
  readonly #pacer: Pacer
  readonly #seconds: SecondsOfWorker
  readonly #watch = new GeneratorWatch()
  readonly #engines = new Map<EngineName, Engine>()
  readonly #timers = new Set<NodeJS.Timeout>()
  /** Clients without a connection when all was over. */
  #missing = 0
  #isOver = false
  /** Why the run cannot go on. */
  #fault: string | undefined

  constructor(orders: WorkerOrders) {
    const { scenario, run, assignment, directory } = orders
    this.#orders = orders
    this.#deliveries = expectedDeliveries(scenario, run)
    this.#ranges = rangesOf(scenario)
    this.#stage = this.#makeStage()
    const readCsv = csvFiles(directory)
    const { first, end } = assignment.devices
    this.#fleets = this.#ranges
      .filter((range) => range.first < end && range.end > first)
      .map(({ fleet }) => new FleetOnStage(this.#stage, scenario, fleet, readCsv))
    for (const range of this.#ranges) {
      const fleet = this.#fleets.find(({ name }) => name === range.fleet)
      if (fleet === undefined) continue
      const last = Math.min(end, range.end)
      for (let number = Math.max(first, range.first); number < last; number++) {
        this.#devices.push(new Device(fleet, number))
      }
    }
    this.#pacer = new Pacer(this.#stage)
    this.#seconds = new SecondsOfWorker(this.#stage, this.#watch)
  }

  async prepare(): Promise<readonly string[]> {
    await this.#discardLeftovers()
    await this.#clearRetained()
    const { scenario, assignment } = this.#orders
    const faults: (string | undefined)[] = []
    const joins = [
      ...subscriberJoins(this.#stage, scenario, assignment, this.#ranges, this.#subscribers),
      ...controllerJoins(scenario, this.#fleets, this.#devices, this.#controllers),
    ]
    const joined: Promise<string | undefined>[] = []
    const startedMs = performance.now()
    const perSecond = scenario.subscribersPerSecond / scenario.workers
    for (const [index, join] of joins.entries()) {
      const waitMs = (index / perSecond) * 1000 - (performance.now() - startedMs)
      if (waitMs >= 1) await sleep(waitMs)
      if (this.#isOver) return ['the run was stopped before it began']
      joined.push(this.#joined(join))
    }
    faults.push(...(await Promise.all(joined)))
    if (joins.length === 0) faults.push(await this.#tryBroker())
    return faults.filter((fault) => fault !== undefined)
  }

  #joined(join: Join): Promise<string | undefined> {
    return new Promise((resolve) => {
      join(resolve)
      this.#after(JOIN_TIMEOUT_MS, () =>
        resolve(`a subscription did not stand after ${JOIN_TIMEOUT_MS / 1000} seconds`),
      )
    })
  }

  /** Where nobody connects before the devices do, the first of them sees whether there is a broker that takes it. */
  async #tryBroker(): Promise<string | undefined> {
    const [device] = this.#devices
    if (device === undefined) return undefined
    const reason = await passBy(device.fleet.engine, device.terms, { connected: (client) => client.disconnect() })
    return reason === undefined ? undefined : `${device.clientId}: ${reason}`
  }

  greet(): Promise<Greeting> {
    const [device] = this.#devices
    if (device !== undefined) return greetBroker(device.fleet.engine, this.#passingTerms(device, 'greeting'))
    const { scenario, run, assignment } = this.#orders
    const [name] = Object.keys(assignment.subscribers)
    if (name === undefined) return Promise.resolve({ version: '', fault: undefined })
    const group = new GroupOnStage(this.#stage, scenario, name)
    return greetBroker(group.engine, { ...group.connectTerms(1), clientId: `sim-${run}-greeting` })
  }

  start(startNs: bigint): Promise<void> {
    const { agenda, clock, timetable } = this.#stage
    clock.begin(startNs)
    for (const tracker of this.#trackers()) tracker.connectionsAtStart = tracker.connections
    for (const device of this.#devices) {
      for (const stream of device.streams) {
        if (stream.flow.intervalUs === Infinity) continue
        stream.begin(timetable.rampEndUs)
        agenda.add(stream)
      }
    }
    const allDevices = this.#ranges.at(-1)?.end ?? 0
    this.#after(Math.max(0, -clock.nowUs() / 1000), () => {
      this.#watch.begin()
      this.#seconds.start()
      new Conductor(this.#stage, this.#devices, allDevices).start(this.#subscribers)
      for (const controller of this.#controllers) controller.start()
      this.#pacer.start()
    })
    return Promise.resolve()
  }

  status(): Promise<WorkerStatus> {
    if (this.#fault !== undefined) return Promise.reject(new RunError([this.#fault]))
    const { tallies, latencies } = this.#stage
    const busyDevices = count(this.#devices, (device) => !device.isIdle || !device.isOnline)
    const busyControllers = count(this.#controllers, (controller) => !controller.isIdle)
    const listening = count(this.#subscribers, (subscriber) => subscriber.isConnected)
    const awaySubscribers = this.#subscribers.length - listening
    return Promise.resolve({
      connected: tallies.connected,
      listening,
      sent: tallies.sent,
      received: tallies.received,
      discarded: tallies.discarded,
      duplicates: tallies.duplicates,
      lost: tallies.lost,
      busy: busyDevices + busyControllers + awaySubscribers + (this.#pacer.isBusy ? 1 : 0),
      owed: sum(this.#devices, ({ streams }) => sum(streams, ({ owed }) => owed)),
      owedReceived: tallies.owedReceived,
      willsExpected: sum(this.#devices, ({ willsOwed }) => willsOwed),
      willsSeen: sum(this.#trackers(), (tracker) => tracker.willsSeen),
      // of a few messages the percentile is the worst of them
      lateP99Ms: latencies.late.count < 200 ? 0 : latencies.late.percentileMs(99),
      seconds: this.#seconds.take(),
    })
  }

  stop(): Promise<void> {
    this.#pacer.stop()
    return Promise.resolve()
  }

  checkRetained(): Promise<RetainedFindings> {
    const { retained } = this.#stage
    const [device] = this.#devices
    if (device === undefined || retained.size === 0) return Promise.resolve(nothingRetained)
    return checkRetained(device.fleet.engine, this.#passingTerms(device, 'retained-check'), retained)
  }

  leave(): Promise<void> {
    this.#missing =
      count(this.#devices, (device) => !device.isOnline) + count(this.#subscribers, (one) => !one.isConnected)
    for (const device of this.#devices) device.leave()
    for (const controller of this.#controllers) controller.leave()
    return Promise.resolve()
  }

  books(): Promise<Books> {
    for (const device of this.#devices) device.closeBooks()
    const books = writeBooks(this.#stage, this.#watch.load(), {
      fleets: this.#fleets,
      devices: this.#devices,
      subscribers: this.#subscribers,
      controllers: this.#controllers,
      missing: this.#missing,
    })
    for (const subscriber of this.#subscribers) subscriber.leave()
    return Promise.resolve(books)
  }

  async cleanUp(): Promise<void> {
    const devices = this.#devices.filter(({ fleet }) => isPersistent(fleet))
    const subscribers = this.#subscribers.filter(({ group }) => isPersistent(group))
    await discardSessions([
      ...devices.map(({ fleet, terms }) => ({ engine: fleet.engine, terms })),
      ...subscribers.map(({ group, terms }) => ({ engine: group.engine, terms })),
    ])
    await this.#clearRetained()
  }

  async close(): Promise<void> {
    this.#isOver = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#seconds.stop()
    this.#pacer.stop()
    this.#watch.end()
    await Promise.all([...this.#engines.values()].map((engine) => engine.close()))
  }

  #makeStage(): Stage {
    const { scenario, run, engine } = this.#orders
    const timetable = timetableOf(scenario)
    return {
      run,
      seed: scenario.seed,
      clock: new RunClock(scenario.clock.start, scenario.clock.speed),
      timetable,
      engines: {
        light: () => this.#engine('light', () => lightEngine(engine)),
        mqttjs: () => this.#engine('mqttjs', () => mqttjsEngine(engine)),
      },
      agenda: new Agenda(),
      tallies: new Tallies(),
      latencies: new Latencies(),
      awayWindows: new AwayWindows(scenario, this.#deliveries, timetable.rampEndUs),
      sendLog: new SendLog(scenario, timetable.rampEndUs),
      deliveries: this.#deliveries,
      subscriberCounts: Object.fromEntries(
        Object.entries(scenario.subscribers).map(([name, one]) => [name, one.count]),
      ),
      retained: new Map(),
      sourceAddresses: scenario.sourceAddresses,
      fail: (fault) => void (this.#fault ??= fault),
      after: (ms, action) => this.#after(ms, action),
    }
  }

  /** What an earlier run left would be taken for what this one did. */
  async #clearRetained(): Promise<void> {
    const retained = this.#devices.flatMap(({ streams }) => streams.filter(({ flow }) => flow.flow.retain))
    const [device] = this.#devices
    if (device === undefined || retained.length === 0) return
    const topics = new Set(retained.map(({ topic }) => topic))
    await clearRetained(device.fleet.engine, this.#passingTerms(device, 'clean-up'), [...topics])
  }

  /** MQTT 3.1.1 cannot begin a session anew and have it kept: what an earlier run left is discarded first. */
  async #discardLeftovers(): Promise<void> {
    const { scenario, assignment } = this.#orders
    const devices = this.#devices.filter(({ fleet }) => fleet.protocolVersion === 4 && isPersistent(fleet))
    await discardSessions(devices.map(({ fleet, terms }) => ({ engine: fleet.engine, terms })))
    for (const [name, numbers] of Object.entries(assignment.subscribers)) {
      const group = new GroupOnStage(this.#stage, scenario, name)
      const terms = numbers.map((number) => group.connectTerms(number))
      const kept = isPersistent(group) ? terms.filter(({ protocolVersion }) => protocolVersion === 4) : []
      await discardSessions(kept.map((one) => ({ engine: group.engine, terms: one })))
    }
  }

  /** A client of this run's own beside its devices, with the credentials of one of them. */
  #passingTerms(device: Device, purpose: string): ConnectTerms {
    return { ...device.terms, clientId: `sim-${this.#orders.run}-${purpose}-${this.#orders.assignment.worker}` }
  }

  #trackers(): Set<Tracker> {
    return new Set(this.#subscribers.map(({ tracker }) => tracker))
  }

  #engine(name: EngineName, make: () => Engine): Engine {
    let engine = this.#engines.get(name)
    if (engine === undefined) this.#engines.set(name, (engine = make()))
    return engine
  }

  #after(ms: number, action: () => void): void {
    if (this.#isOver) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      action()
    }, ms)
    this.#timers.add(timer)
  }
}

function isPersistent({ options }: FleetOnStage | GroupOnStage): boolean {
  return options.session === 'persistent'
}

const nothingRetained: RetainedFindings = { topics: 0, right: 0, wrong: 0, missing: 0, examples: [] }

function count<T>(items: readonly T[], isCounted: (item: T) => boolean): number {
  let counted = 0
  for (const item of items) if (isCounted(item)) counted++
  return counted
}

function sum<T>(items: Iterable<T>, valueOf: (item: T) => number): number {
  let total = 0
  for (const item of items) total += valueOf(item)
  return total
}
