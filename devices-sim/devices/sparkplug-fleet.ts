import type { OutboundPublish, SimulatedClient, SubscriptionTerms, WillTerms } from '../engines/engine.ts'
import type { PayloadContext } from '../payloads/payload-context.ts'
import { EdgeNode, type SparkplugMessage } from '../payloads/sparkplug/edge-node.ts'
import { type EdgeNodeLayout, edgeNodeLayout } from '../payloads/sparkplug/layout.ts'
import { type Mark, markText } from '../proof/mark.ts'
import type { PayloadOptions } from '../scenario/schema.ts'
import { compileTemplate, type Template } from '../scenario/template.ts'
import type { ReadCsv } from '../sensors/csv.ts'
import type { Device } from './device.ts'
import type { FleetOnStage } from './fleet-on-stage.ts'
import type { FlowOnStage } from './flow-on-stage.ts'
import type { Readings } from './read-sensors.ts'
import type { Stream } from './stream.ts'

interface Node {
  readonly edge: EdgeNode
  /** What a birth announces: the last reading of each sensor. */
  readings: Readings
  /** The will of the connection that stands. */
  will: WillTerms | undefined
  isFirst: boolean
}

/** The Sparkplug side of a fleet: each device is an edge node, which is born, reports, and dies by its will. */
export class SparkplugFleet {
  readonly #fleet: FleetOnStage
  readonly #layout: EdgeNodeLayout
  readonly #group: Template
  readonly #node: Template
  readonly #nodes = new Map<Device, Node>()

  constructor(fleet: FleetOnStage, readCsv: ReadCsv) {
    this.#fleet = fleet
    this.#layout = edgeNodeLayout(fleet.options, readCsv)
    this.#group = compileTemplate(fleet.options.sparkplug?.group ?? '')
    this.#node = compileTemplate(fleet.options.sparkplug?.node ?? '')
  }

  will(device: Device, connection: number): WillTerms {
    const node = this.#nodeOf(device)
    const mark = this.#markOf(device, this.#fleet.flowOf('ndeath') as FlowOnStage, connection)
    const { topic, payload, qos, retain } = node.edge.death(this.#nowMs(node), this.#inPayload(mark))
    node.will = { topic, payload, qos, retain, delay: undefined, mark: this.#inProperty(mark) }
    return node.will
  }

  publishBirths(device: Device, client: SimulatedClient): void {
    const node = this.#nodeOf(device)
    const { edge, readings } = node
    const nowMs = this.#nowMs(node)
    this.#publishBirth(device, client, 'nbirth', (mark) => edge.nodeBirth({ nowMs, readings, mark }))
    for (const name of edge.devices) {
      this.#publishBirth(device, client, 'dbirth', (mark) => edge.deviceBirth(name, { nowMs, readings, mark }))
    }
    node.isFirst = false
  }

  /** Before a node disconnects of its own will it says itself what its will would have said. */
  publishDeath(device: Device, client: SimulatedClient): void {
    const { will } = this.#nodeOf(device)
    if (will === undefined) return
    client.publish({ ...plain, topic: will.topic, payload: will.payload, mark: will.mark })
  }

  /** Payload of an NDATA or DDATA, numbered as it is sent. */
  data(device: Device, flow: FlowOnStage, context: PayloadContext): Uint8Array {
    const node = this.#nodeOf(device)
    node.readings = { ...node.readings, ...context.readings }
    const options = flow.payload as Extract<PayloadOptions, { format: 'sparkplug' }>
    const { readings, timeMs, mark } = context
    return node.edge.data(options.device, {
      nowMs: timeMs,
      measuredMs: timeMs,
      readings,
      fields: options.fields,
      mark: mark && markText(mark),
    }).payload
  }

  subscriptions(device: Device): SubscriptionTerms[] {
    return [{ topicFilter: this.#nodeOf(device).edge.commandTopic, qos: 1 }]
  }

  /** Obeys a command to the node to be born again. */
  commanded(device: Device, client: SimulatedClient, topic: string, payload: Uint8Array): void {
    const { edge } = this.#nodeOf(device)
    if (topic === edge.commandTopic && edge.isRebirthCommand(payload)) this.publishBirths(device, client)
  }

  #publishBirth(
    device: Device,
    client: SimulatedClient,
    kind: 'nbirth' | 'dbirth',
    birthOf: (mark: string | undefined) => SparkplugMessage,
  ): void {
    const flow = this.#fleet.flowOf(kind)
    if (flow === undefined) return
    const mark = this.#markOf(device, flow, ++(device.streams[flow.stream] as Stream).sequence)
    const { topic, payload } = birthOf(this.#inPayload(mark))
    flow.countSaid()
    client.publish({ ...plain, topic, payload, mark: this.#inProperty(mark) })
  }

  #nodeOf(device: Device): Node {
    let node = this.#nodes.get(device)
    if (node === undefined) {
      const identity = this.#fleet.identityOf(device.numberInFleet)
      const names = { group: this.#group(identity), node: this.#node(identity) }
      node = { edge: new EdgeNode(this.#layout, names), readings: {}, will: undefined, isFirst: true }
      this.#nodes.set(device, node)
    }
    return node
  }

  /** A first birth bears the time of the beginning, so that two runs say the same. */
  #nowMs({ isFirst }: Node): number {
    const { clock } = this.#fleet.stage
    return Math.round(clock.simulatedMs(isFirst ? 0 : clock.nowUs()))
  }

  #markOf(device: Device, flow: FlowOnStage, sequence: number): Mark {
    return { run: this.#fleet.stage.run, device: device.number, stream: flow.stream, sequence, dueUs: 0 }
  }

  #inPayload(mark: Mark): string | undefined {
    return this.#fleet.protocolVersion === 5 ? undefined : markText(mark)
  }

  #inProperty(mark: Mark): string | undefined {
    return this.#fleet.protocolVersion === 5 ? markText(mark) : undefined
  }
}

/** Births and data of Sparkplug: QoS 0, not retained. */
const plain: Omit<OutboundPublish, 'topic' | 'payload' | 'mark'> = {
  qos: 0,
  retain: false,
  token: 0,
  expiry: undefined,
  userProperties: undefined,
  responseTopic: undefined,
  correlationData: undefined,
}
