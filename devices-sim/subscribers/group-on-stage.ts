import type { Stage } from '../devices/stage.ts'
import type { ConnectTerms, Engine } from '../engines/engine.ts'
import { LatencyHistogram } from '../measures/latency-histogram.ts'
import { SeededSource, seedOf } from '../random.ts'
import type { ExpectedDelivery } from '../scenario/expected-deliveries.ts'
import { type Identities, subscriberIdentities } from '../scenario/identities.ts'
import type { Scenario, SubscriberGroup } from '../scenario/schema.ts'
import { compileTemplate } from '../scenario/template.ts'
import type { Expectation, ExpectationOf } from './tracker.ts'

/** Where the devices of a fleet begin and end in the numbers of the run. */
export interface FleetRange {
  readonly fleet: string
  readonly first: number
  readonly end: number
}

/** What the subscribers of a group share in one process. */
export class GroupOnStage {
  readonly stage: Stage
  readonly name: string
  readonly options: SubscriberGroup
  readonly engine: Engine
  /** By name of the flow. */
  readonly latencies = new Map<string, LatencyHistogram>()
  readonly #identityOf: Identities
  readonly #scenario: Scenario
  readonly #backOff: SeededSource

  constructor(stage: Stage, scenario: Scenario, name: string) {
    const options = scenario.subscribers[name] as SubscriberGroup
    this.stage = stage
    this.name = name
    this.options = options
    this.engine = stage.engines[options.engine ?? scenario.engine]()
    this.#scenario = scenario
    this.#identityOf = subscriberIdentities(scenario, name, stage.run)
    this.#backOff = new SeededSource(seedOf(stage.seed, name, 0, 'back-off'))
  }

  connectTerms(number: number): ConnectTerms {
    const { options, stage } = this
    const identity = this.#identityOf(number)
    const { sourceAddresses } = stage
    return {
      clientId: identity.client,
      protocolVersion: (options.protocol ?? this.#scenario.protocol) === '5' ? 5 : 4,
      cleanStart: true,
      sessionExpiryInterval: options.session === 'clean' ? 0 : Math.max(1, Math.ceil(options.sessionExpiry / 1000)),
      keepAlive: Math.ceil(options.keepAlive / 1000),
      userName: options.userName && compileTemplate(options.userName)(identity),
      password: options.password && compileTemplate(options.password)(identity),
      will: undefined,
      localAddress: sourceAddresses[number % Math.max(1, sourceAddresses.length)],
    }
  }

  filtersOf(number: number): string[] {
    const { filters, share } = this.options
    const identity = this.#identityOf(number)
    const prefix = share === undefined ? '' : `$share/${share}/`
    return filters.map((filter) => prefix + compileTemplate(filter)(identity))
  }

  backOffMs(attempt: number): number {
    const { first, factor, most, jitter } = this.options.reconnect
    return Math.min(most, first * factor ** Math.min(attempt, 64)) * (1 - jitter * this.#backOff.next())
  }

  /** What one of the group must get, by device and stream. */
  expectations(deliveries: readonly ExpectedDelivery[], ranges: readonly FleetRange[], number: number): ExpectationOf {
    const own = deliveries.filter((one) => one.subscriber === this.name && (one.number ?? number) === number)
    const byFleet = ranges.map(({ fleet, first, end }) => {
      const byStream: (Expectation | undefined)[] = []
      for (const delivery of own) {
        if (delivery.flow.fleet === fleet) byStream[delivery.flow.stream] = this.#expectation(delivery)
      }
      return { first, end, byStream }
    })
    return (device, stream) => {
      for (const { first, end, byStream } of byFleet) {
        if (device < first || device >= end) continue
        const expectation = byStream[stream]
        return expectation !== undefined && receivesAny(expectation.delivery, device - first) ? expectation : undefined
      }
      return undefined
    }
  }

  #expectation(delivery: ExpectedDelivery): Expectation {
    const { name, kind } = delivery.flow
    let latency = this.latencies.get(name)
    if (latency === undefined) this.latencies.set(name, (latency = new LatencyHistogram()))
    return { delivery, latency, isWill: kind === 'will' || kind === 'ndeath' }
  }
}

function receivesAny({ flow, receives }: ExpectedDelivery, device: number): boolean {
  for (let topic = 0; topic < flow.topics.length; topic++) if (receives(device, topic)) return true
  return false
}
