import { checkScenario } from '../scenario/check-scenario.ts'
import type { Scenario, ScenarioInput } from '../scenario/schema.ts'
import { DocumentError } from '../../src/documents/document-error.ts'
import { placedFaults } from '../../src/documents/placed-faults.ts'

export const benchKinds = ['conn', 'pub', 'sub', 'pairs', 'fanin', 'fanout', 'retained', 'subs'] as const
export type BenchKind = (typeof benchKinds)[number]

export interface BenchOptions {
  readonly url: string
  readonly protocol: '3.1.1' | '5'
  readonly engine: 'light' | 'mqttjs'
  readonly workers: number
  /** Clients; publishers, or subscribers where the kind has only those. */
  readonly count: number
  /** Clients that connect in a second. */
  readonly connectRate: number
  /** Messages of all publishers together in a second. */
  readonly rate: number
  readonly durationMs: number
  /** Messages in all; instead of a duration. */
  readonly limit: number | undefined
  /** `%i` is the number of a client, `%c` its identifier. */
  readonly topic: string
  readonly bytes: number
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly prefix: string
  readonly keepAliveSeconds: number
  readonly inFlight: number
  /** Of each subscriber, where `subs` is measured. */
  readonly filters: number
  readonly userName: string | undefined
  readonly password: string | undefined
  readonly seed: number
}

type FleetInput = NonNullable<ScenarioInput['fleets']>[string]
type GroupInput = NonNullable<ScenarioInput['subscribers']>[string]

/** A measurement as the scenario it is. Throws DocumentError. */
export function benchScenario(kind: BenchKind, options: BenchOptions): Scenario {
  const { url, protocol, engine, workers, count, connectRate, seed, bytes } = options
  const parts = partsOf[kind](options)
  const clients = Object.values(parts.fleets ?? {})[0]?.count ?? 0
  const input: ScenarioInput = {
    name: `bench-${kind}`,
    description: `${kind}: ${count} clients, ${bytes} bytes, QoS ${options.qos}`,
    seed,
    broker: { url },
    protocol,
    engine,
    workers,
    subscribersPerSecond: connectRate,
    phases: [
      { phase: 'ramp', lasts: clients / connectRate },
      { phase: 'hold', lasts: holdMs(kind, options) / 1000 },
    ],
    ...parts,
  }
  const outcome = checkScenario(input)
  if ('scenario' in outcome) return outcome.scenario
  throw new DocumentError(placedFaults(outcome.faults, undefined))
}

/** A limit decides how long it takes. */
function holdMs(kind: BenchKind, { durationMs, limit, rate }: BenchOptions): number {
  const sendsNothing = kind === 'conn' || kind === 'sub' || kind === 'subs'
  return limit === undefined || sendsNothing ? durationMs : (limit / rate) * 1000
}

type Parts = Pick<ScenarioInput, 'fleets' | 'subscribers' | 'assertions'>

const partsOf: Readonly<Record<BenchKind, (options: BenchOptions) => Parts>> = {
  conn: (options) => ({ fleets: { [fleetName]: client(options, options.count) } }),
  pub: (options) => ({ fleets: { [fleetName]: publishers(options, options.count) } }),
  sub: (options) => ({ subscribers: { readers: readers(options, options.count, [filterOf(options)]) } }),
  pairs: (options) => ({
    fleets: { [fleetName]: publishers(options, options.count) },
    subscribers: { readers: readers(options, options.count, [placesOf(withNumber(options.topic))]) },
  }),
  fanin: (options) => ({
    fleets: { [fleetName]: publishers(options, options.count) },
    subscribers: { readers: readers(options, 1, [filterOf(options)]) },
  }),
  fanout: (options) => ({
    fleets: { [fleetName]: publishers(options, 1) },
    subscribers: { readers: readers(options, options.count, [filterOf(options)]) },
  }),
  retained: (options) => ({
    fleets: { [fleetName]: publishers({ ...options, retain: true, topic: withNumber(options.topic) }, options.count) },
    assertions: ['retained.wrong == 0', 'retained.missing == 0'],
  }),
  subs: (options) => {
    const filters = Array.from({ length: options.filters }, (_, index) => `${withNumber(options.topic)}/f${index + 1}`)
    return { subscribers: { readers: readers(options, options.count, filters.map(placesOf)) } }
  },
}

const fleetName = 'publishers'

function client(options: BenchOptions, count: number): FleetInput {
  return {
    count,
    clientId: `${literal(options.prefix)}{number}`,
    keepAlive: options.keepAliveSeconds,
    inFlight: options.inFlight,
    ...login(options),
  }
}

function publishers(options: BenchOptions, count: number): FleetInput {
  const { qos, retain, bytes, rate, limit, topic } = options
  const message = {
    topic: placesOf(topic),
    qos,
    retain,
    perSecond: rate / count,
    ...(limit !== undefined && { limit: Math.ceil(limit / count) }),
    payload: { format: 'fixed', bytes } as const,
  }
  return { ...client(options, count), messages: { message } }
}

function readers(options: BenchOptions, count: number, filters: readonly string[]): GroupInput {
  return {
    count,
    clientId: `${literal(options.prefix)}reader-{number}`,
    filters: [...filters],
    qos: options.qos,
    keepAlive: options.keepAliveSeconds,
    ...login(options),
  }
}

function login({ userName, password }: BenchOptions): Pick<FleetInput, 'userName' | 'password'> {
  return {
    userName: userName === undefined ? undefined : literal(userName),
    password: password === undefined ? undefined : literal(password),
  }
}

/** One topic for each client, where none was asked for. */
function withNumber(topic: string): string {
  return /%[ic]/.test(topic) ? topic : `${topic}/%i`
}

function placesOf(topic: string): string {
  return literal(topic).replaceAll('%i', '{number}').replaceAll('%c', '{client}')
}

/** As a template that has no places. */
function literal(text: string): string {
  return text.replaceAll(/[{}]/g, '$&$&')
}

/** What hears all publishers. */
function filterOf({ topic }: BenchOptions): string {
  return topic
    .split('/')
    .map((level) => (/%[ic]/.test(level) ? '+' : level))
    .join('/')
}
