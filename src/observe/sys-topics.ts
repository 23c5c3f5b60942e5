import type { Clock } from '../contracts/clock.ts'
import type { Counters, Gauges, Statistics } from '../contracts/statistics.ts'
import type { StoreStatistics } from '../contracts/store.ts'
import { LoadAverage } from './load-average.ts'

export interface SysTopicsParts {
  readonly clock: Clock
  readonly statistics: Statistics
  readonly store: () => StoreStatistics
  /** Shown as `$SYS/broker/version`. */
  readonly version: string
  readonly intervalSeconds: number
  /** Publishes a retained text message. */
  readonly publish: (topicName: string, text: string) => void
}

const EARLY_MS = 50

/** The most that was seen: of the process, as the heap is. */
let heapMaximum = 0

const PREFIX = '$SYS/broker/'

/** Values under Mosquitto's names, except the averages. */
const values: readonly (readonly [topic: string, value: (counters: Counters, gauges: Gauges) => number])[] = [
  ['clients/total', (_, gauges) => gauges.sessions],
  ['clients/maximum', (counters) => counters.sessionsMaximum],
  ['clients/connected', (_, gauges) => gauges.connections],
  ['clients/active', (_, gauges) => gauges.connections],
  ['clients/disconnected', (_, gauges) => gauges.sessions - gauges.connections],
  ['clients/inactive', (_, gauges) => gauges.sessions - gauges.connections],
  ['clients/expired', (counters) => counters.sessionsExpired],
  ['messages/received', (counters) => counters.packetsReceived],
  ['messages/sent', (counters) => counters.packetsSent],
  ['messages/stored', (_, gauges) => gauges.storedMessages],
  ['store/messages/count', (_, gauges) => gauges.storedMessages],
  ['store/messages/bytes', (_, gauges) => gauges.storedBytes],
  ['subscriptions/count', (_, gauges) => gauges.subscriptions - gauges.sharedSubscriptions],
  ['shared_subscriptions/count', (_, gauges) => gauges.sharedSubscriptions],
  ['retained messages/count', (_, gauges) => gauges.retainedMessages],
  ['bytes/received', (counters) => counters.bytesReceived],
  ['bytes/sent', (counters) => counters.bytesSent],
  ['publish/bytes/received', (counters) => counters.publishBytesReceived],
  ['publish/bytes/sent', (counters) => counters.publishBytesSent],
  ['publish/messages/received', (counters) => counters.publishReceived],
  ['publish/messages/sent', (counters) => counters.publishSent],
  ['publish/messages/dropped', dropped],
  ['packet/out/count', (_, gauges) => gauges.outboxMessages],
  ['packet/out/bytes', (_, gauges) => gauges.outboxBytes],
  ['connections/socket/count', (_, gauges) => gauges.connections],
  ['heap/current', heapBytes],
  ['heap/maximum', () => (heapMaximum = Math.max(heapMaximum, heapBytes()))],
]

const loads: readonly (readonly [topic: string, count: (counters: Counters) => number])[] = [
  ['load/messages/received', (counters) => counters.packetsReceived],
  ['load/messages/sent', (counters) => counters.packetsSent],
  ['load/publish/received', (counters) => counters.publishReceived],
  ['load/publish/sent', (counters) => counters.publishSent],
  ['load/publish/dropped', dropped],
  ['load/bytes/received', (counters) => counters.bytesReceived],
  ['load/bytes/sent', (counters) => counters.bytesSent],
  ['load/sockets', (counters) => counters.socketsOpened],
  ['load/connections', (counters) => counters.connectionsAccepted],
]

const storeValues: readonly (readonly [topic: string, value: (store: StoreStatistics) => number])[] = [
  ['store/degraded', (store) => Number(store.isDegraded)],
  ['store/missing_commits', (store) => store.missingCommits],
  ['store/damaged_values', (store) => store.damagedValues],
  ['store/files_set_aside', (store) => store.filesSetAside],
  ['store/log_bytes', (store) => store.logBytes],
  ['store/failed_batches', (store) => store.failedBatches],
]

/** Other names of values that are there. */
const aliases: ReadonlySet<string> = new Set(['clients/active', 'clients/inactive', 'messages/stored'])

/** Counters and gauges under their topics, each once, and how many seconds the broker has been running. */
export function sysIntegers(statistics: Statistics): Readonly<Record<string, number>> {
  const gauges = statistics.gauges()
  const integers: Record<string, number> = { [`${PREFIX}uptime`]: uptimeSeconds(gauges) }
  for (const [topic, value] of values) {
    if (!aliases.has(topic)) integers[PREFIX + topic] = value(statistics.counters, gauges)
  }
  return integers
}

function heapBytes(): number {
  return process.memoryUsage().heapUsed
}

function uptimeSeconds({ nowMs, startedAtMs }: Gauges): number {
  return Math.floor((nowMs - startedAtMs) / 1000)
}

/** What nobody asked for, or QoS 0 for somebody who is away, is not one that was dropped, here as in Mosquitto. */
function dropped(counters: Counters): number {
  let sum = -counters.drops['no-subscribers'] - counters.drops['offline-qos0']
  for (const count of Object.values(counters.drops)) sum += count
  return sum
}

/** Publishes `$SYS/broker/...` at an interval; a value goes out again only when it changed. */
export class SysTopics {
  readonly #parts: SysTopicsParts
  readonly #published = new Map<string, string>()
  readonly #averages = loads.map(() => new LoadAverage())
  #lastUpdateMs: number
  #stop: () => void = () => {}

  constructor(parts: SysTopicsParts) {
    this.#parts = parts
    this.#lastUpdateMs = parts.clock.monotonicMs()
    this.#publish('version', parts.version)
    this.update()
    this.#updateNext()
  }

  /** At whole multiples of the interval by the clock on the wall. */
  #updateNext(): void {
    const { clock, intervalSeconds } = this.#parts
    const intervalMs = intervalSeconds * 1000
    const restMs = intervalMs - (clock.wallMs() % intervalMs)
    // a timer that came early is not to come twice
    const waitMs = restMs < EARLY_MS ? restMs + intervalMs : restMs
    this.#stop = clock.every(waitMs, () => {
      this.#stop()
      this.update()
      this.#updateNext()
    })
  }

  stop(): void {
    this.#stop()
  }

  update(): void {
    const { statistics, store, clock } = this.#parts
    const { counters } = statistics
    const gauges = statistics.gauges()
    const elapsedMs = clock.monotonicMs() - this.#lastUpdateMs
    this.#lastUpdateMs = clock.monotonicMs()
    this.#publish('uptime', `${uptimeSeconds(gauges)} seconds`)
    for (const [topic, value] of values) this.#publish(topic, String(value(counters, gauges)))
    const kept = store()
    for (const [topic, value] of storeValues) this.#publish(topic, String(value(kept)))
    for (const [reason, count] of Object.entries(counters.drops))
      this.#publish(`publish/messages/dropped/${reason}`, String(count))
    if (elapsedMs <= 0) return
    for (const [index, [topic, count]] of loads.entries()) {
      const averages = (this.#averages[index] as LoadAverage).update(count(counters), elapsedMs)
      for (const [period, name] of ['1min', '5min', '15min'].entries()) {
        this.#publish(`${topic}/${name}`, (averages[period] as number).toFixed(2))
      }
    }
  }

  #publish(topic: string, text: string): void {
    if (this.#published.get(topic) === text) return
    this.#published.set(topic, text)
    this.#parts.publish(PREFIX + topic, text)
  }
}
