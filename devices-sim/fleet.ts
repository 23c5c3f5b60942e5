import { setTimeout as sleep } from 'node:timers/promises'
import { Device } from './device.ts'
import { Ledger, type Qos, type QosTally } from './ledger.ts'
import { seededRandom } from './random.ts'
import { Subscriber } from './subscriber.ts'

export interface FleetOptions {
  readonly url: string
  readonly protocol: '3.1.1' | '5'
  readonly devices: number
  readonly subscribers: number
  readonly durationSeconds: number
  readonly rate: number
  /** Devices that drop their connection once and come back. */
  readonly drops: number
  readonly seed: number
}

export interface FleetSummary {
  readonly run: string
  readonly options: FleetOptions
  readonly seconds: number
  readonly qos: Readonly<Record<Qos, QosTally>>
  readonly births: { readonly sent: number; readonly seen: number }
  /** A lost connection lets a will be expected as much as one that a device broke off. */
  readonly wills: { readonly expected: number; readonly seen: number }
  /** Devices without a connection when all was over. */
  readonly missing: number
  readonly skipped: number
  /** Share of the readings asked for that the simulator was quick enough to make, 0 to 1. */
  readonly rateReached: number
  /** When no device had a connection any more for the first time. */
  readonly brokerLostAtSeconds?: number
  readonly lostConnections: number
  readonly strange: number
  /** QoS 1 lost nothing, QoS 2 arrived exactly once, and every device was still there. */
  readonly passed: boolean
}

export interface Progress {
  readonly seconds: number
  readonly connected: number
  readonly brokerLostAtSeconds?: number
  readonly sent: number
  readonly received: number
}

const topicPrefix = 'sim'
const tickMs = 20
const connectingAtOnce = 50
/** How long the last messages may take. Generous: it is only used up when something is lost. */
const drainMs = 10_000
/** How long the goodbyes may take. */
const leaveMs = 5_000
/** QoS 0 may be lost, so silence for this long ends the wait for it. */
const quietMs = 500
/** How long nobody may be connected before nothing is hoped for any more: longer than it takes to come back. */
const desertedMs = 1_500

/** Runs a fleet from the first connect to the last message and tells what became of it. */
export async function runFleet(
  options: FleetOptions,
  onProgress: (progress: Progress) => void,
  stop: AbortSignal,
): Promise<FleetSummary> {
  const run = `${process.pid.toString(36)}${Date.now().toString(36).slice(-5)}`
  const protocolVersion = options.protocol === '5' ? 5 : 4
  const common = { url: options.url, protocolVersion, run, topicPrefix } as const
  const ledger = new Ledger(options.subscribers)
  const subscribers = Array.from(
    { length: options.subscribers },
    (_, number) => new Subscriber({ ...common, number }, ledger),
  )
  for (const subscriber of subscribers) await subscriber.connect()

  const startMs = performance.now()
  const { seed, rate, drops } = options
  const devices = Array.from(
    { length: options.devices },
    (_, index) => new Device({ ...common, number: index + 1, seed, rate, drops: index < drops }, ledger, startMs),
  )
  try {
    await connectAll(devices)
    const brokerLostAtSeconds = await live(devices, ledger, options, onProgress, stop)
    await drain(devices, subscribers, ledger)
    const seconds = (performance.now() - startMs) / 1000
    const summary = {
      ...summarize(run, options, seconds, devices, subscribers, ledger),
      ...(brokerLostAtSeconds !== undefined && { brokerLostAtSeconds }),
    }
    const goodbyes = Promise.allSettled(devices.map((device) => device.leave()))
    await Promise.race([goodbyes, sleep(leaveMs, undefined, { ref: false })])
    return summary
  } finally {
    await Promise.all([...devices, ...subscribers].map((client) => client.abandon()))
  }
}

async function connectAll(devices: readonly Device[]): Promise<void> {
  for (let first = 0; first < devices.length; first += connectingAtOnce) {
    await Promise.all(devices.slice(first, first + connectingAtOnce).map((device) => device.connect()))
  }
}

/** Lets the devices report until the time is up; tells when the broker was lost, if it was. */
async function live(
  devices: readonly Device[],
  ledger: Ledger,
  options: FleetOptions,
  onProgress: (progress: Progress) => void,
  stop: AbortSignal,
): Promise<number | undefined> {
  const startMs = performance.now()
  const endMs = startMs + options.durationSeconds * 1000
  const dropTimes = plannedDrops(options, startMs)
  let nextProgressMs = startMs + 1000
  let brokerLostAtSeconds: number | undefined
  for (let nowMs = startMs; nowMs < endMs && !stop.aborted; nowMs = performance.now()) {
    // First, so that the QoS 0 messages of the tick before have left.
    while ((dropTimes[0]?.atMs ?? Infinity) <= nowMs) devices[dropTimes.shift()?.index ?? 0]?.drop()
    for (const device of devices) device.tick(nowMs)
    const seconds = (nowMs - startMs) / 1000
    if (brokerLostAtSeconds === undefined && devices.every((device) => device.isLost)) brokerLostAtSeconds = seconds
    if (nowMs >= nextProgressMs) {
      nextProgressMs += 1000
      const progress = progressOf(devices, ledger, seconds)
      onProgress({ ...progress, ...(brokerLostAtSeconds !== undefined && { brokerLostAtSeconds }) })
    }
    await sleep(tickMs)
  }
  return brokerLostAtSeconds
}

/** The first `drops` devices drop, each at its own time in the middle of the run. */
function plannedDrops(options: FleetOptions, startMs: number): { readonly index: number; readonly atMs: number }[] {
  const random = seededRandom(options.seed)
  return Array.from({ length: Math.min(options.drops, options.devices) }, (_, index) => ({
    index,
    atMs: startMs + options.durationSeconds * 1000 * (0.2 + 0.4 * random()),
  })).toSorted((one, other) => one.atMs - other.atMs)
}

/** Waits until everything sent is acknowledged and has arrived, or cannot be hoped for any more. */
async function drain(devices: readonly Device[], subscribers: readonly Subscriber[], ledger: Ledger): Promise<void> {
  const endMs = performance.now() + drainMs
  let received = -1
  let quietSinceMs = performance.now()
  let inCompanyMs = performance.now()
  while (performance.now() < endMs) {
    const tallies = [ledger.tally(0), ledger.tally(1), ledger.tally(2)] as const
    const receivedNow = tallies[0].received + tallies[1].received + tallies[2].received
    if (receivedNow !== received) quietSinceMs = performance.now()
    received = receivedNow
    if (devices.some((device) => device.isConnected)) inCompanyMs = performance.now()
    if (performance.now() - inCompanyMs >= desertedMs) return
    const isQuiet = performance.now() - quietSinceMs >= quietMs
    const areDevicesDone = devices.every((device) => device.isConnected && device.pending === 0)
    const isAllSeen = tallies[1].lost === 0 && tallies[2].lost === 0 && statusesSeen(devices, subscribers)
    // Quiet in any case: a duplicate comes after the message itself.
    if (areDevicesDone && isAllSeen && isQuiet) return
    await sleep(tickMs)
  }
}

function statusesSeen(devices: readonly Device[], subscribers: readonly Subscriber[]): boolean {
  const births = sum(devices, (device) => device.births)
  const wills = sum(devices, (device) => device.wills)
  return subscribers.every((subscriber) => subscriber.births >= births && subscriber.wills >= wills)
}

function progressOf(devices: readonly Device[], ledger: Ledger, seconds: number): Progress {
  const tallies = ([0, 1, 2] as const).map((qos) => ledger.tally(qos))
  return {
    seconds,
    connected: devices.filter((device) => device.isConnected).length,
    sent: sum(tallies, (tally) => tally.sent),
    received: sum(tallies, (tally) => tally.received),
  }
}

function summarize(
  run: string,
  options: FleetOptions,
  seconds: number,
  devices: readonly Device[],
  subscribers: readonly Subscriber[],
  ledger: Ledger,
): FleetSummary {
  const qos = { 0: ledger.tally(0), 1: ledger.tally(1), 2: ledger.tally(2) }
  const lostConnections = sum(devices, (device) => device.lostConnections)
  const due = sum(devices, (device) => device.due)
  const missing = devices.filter((device) => !device.isConnected).length
  return {
    run,
    options,
    seconds,
    qos,
    births: { sent: sum(devices, (device) => device.births), seen: least(subscribers, (one) => one.births) },
    wills: {
      expected: sum(devices, (device) => device.wills) + lostConnections,
      seen: least(subscribers, (one) => one.wills),
    },
    missing,
    skipped: sum(devices, (device) => device.skipped),
    rateReached: due === 0 ? 1 : 1 - sum(devices, (device) => device.late) / due,
    lostConnections,
    strange: sum(subscribers, (subscriber) => subscriber.strange),
    passed: qos[1].lost === 0 && qos[2].lost === 0 && qos[2].duplicates === 0 && missing === 0,
  }
}

function sum<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((total, item) => total + valueOf(item), 0)
}

function least<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((smallest, item) => Math.min(smallest, valueOf(item)), Infinity)
}
