import { LatencyHistogram } from '../measures/latency-histogram.ts'
import type { ExpectedDelivery } from '../scenario/expected-deliveries.ts'
import type { Flow } from '../scenario/flows.ts'
import type { Message, PayloadOptions } from '../scenario/schema.ts'
import { compileTemplate, type Template } from '../scenario/template.ts'
import type { FleetOnStage } from './fleet-on-stage.ts'

/** A flow as the devices of one process send it: what they share, and what they count together. */
export class FlowOnStage {
  readonly fleet: FleetOnStage
  readonly flow: Flow
  readonly topic: Template
  readonly stream: number
  /** Between two messages of one device; Infinity for what is not sent by the clock. */
  readonly intervalUs: number
  readonly isPoisson: boolean
  /** Messages of one device. */
  readonly limit: number
  readonly jitter: number
  /** Seconds. */
  readonly expiry: number | undefined
  readonly userProperties: readonly (readonly [string, Template])[] | undefined
  /** Of the fleet's sensors, those that are read for it. */
  readonly sensorIndexes: readonly number[]
  readonly payload: PayloadOptions | undefined
  readonly #deliveries: readonly ExpectedDelivery[]
  readonly acknowledgements = new LatencyHistogram()
  due = 0
  sent = 0
  acknowledged = 0
  refused = 0
  discarded = 0

  constructor(fleet: FleetOnStage, flow: Flow, message: Message | undefined) {
    this.fleet = fleet
    this.flow = flow
    this.stream = flow.stream
    this.payload = message?.payload
    this.#deliveries = fleet.stage.deliveries.filter((one) => one.flow.name === flow.name && one.qos > 0)
    this.topic = compileTemplate(flow.topics[0] ?? '')
    this.isPoisson = message?.arrivals === 'poisson'
    this.limit = message?.limit ?? Infinity
    this.jitter = message?.jitter ?? 0
    this.intervalUs = intervalUs(message)
    this.expiry = message?.expiry === undefined ? undefined : message.expiry / 1000
    const properties = Object.entries(message?.properties ?? {})
    this.userProperties =
      properties.length === 0 ? undefined : properties.map(([name, text]) => [name, compileTemplate(text)])
    this.sensorIndexes = sensorsRead(message, fleet.sensorNames)
  }

  /** A device said something of itself: due when it is sent. */
  countSaid(): void {
    const { tallies } = this.fleet.stage
    this.due++
    this.sent++
    tallies.due++
    tallies.sent++
  }

  /** How many subscribers must get the messages of a device, 0 for the first, at QoS 1 and 2. */
  readersOf(device: number): number {
    let readers = 0
    for (const { isShared, number, receives, subscriber } of this.#deliveries) {
      if (!receives(device)) continue
      readers += isShared || number !== undefined ? 1 : (this.fleet.stage.subscriberCounts[subscriber] ?? 0)
    }
    return readers
  }
}

function intervalUs(message: Message | undefined): number {
  if (message?.every !== undefined) return message.every * 1000
  return message?.perSecond === undefined ? Infinity : 1_000_000 / message.perSecond
}

function sensorsRead(message: Message | undefined, names: readonly string[]): number[] {
  const all = [...names.keys()]
  const payload = message?.payload
  if (payload === undefined || payload.format === 'fixed') return []
  if (payload.format === 'template') return all.filter((index) => payload.text.includes(`{${names[index]}`))
  const { fields } = payload
  return fields === undefined ? all : fields.map((field) => names.indexOf(field))
}
