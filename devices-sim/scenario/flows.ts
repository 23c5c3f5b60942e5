import type { Fleet, Message, Scenario } from './schema.ts'

export type FlowKind = 'message' | 'birth' | 'will' | 'goodbye' | 'nbirth' | 'dbirth' | 'ndeath'

/** One kind of message of one fleet. */
export interface Flow {
  /** `machines.telemetry`, `machines.birth` */
  readonly name: string
  readonly fleet: string
  readonly kind: FlowKind
  /** Name in `messages` of the fleet, where the kind is `message`. */
  readonly message: string | undefined
  /** Number of the stream in the marks of its fleet, 0 for the first. */
  readonly stream: number
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  /** How long a broker keeps it, where it has an end. */
  readonly expiryMs?: number | undefined
  /** Devices of the fleet. */
  readonly devices: number
  /** Number in the whole run of the fleet's first device, 0 for the first. */
  readonly firstDevice: number
  /** Templates of the topics each device publishes to: one, and one per Sparkplug device for `dbirth`. */
  readonly topics: readonly string[]
}

type Stream = Pick<Flow, 'kind' | 'qos' | 'retain' | 'topics' | 'expiryMs'> & { readonly message?: string }

/** Names of streams that are not in `messages`; no message may be called so. */
export const OWN_STREAMS = ['birth', 'will', 'goodbye', 'nbirth', 'dbirth', 'ndeath'] as const satisfies FlowKind[]

/** Every flow, fleet by fleet: messages in the order of the scenario, then what devices say of themselves. */
export function flowsOf(scenario: Scenario): Flow[] {
  let firstDevice = 0
  return Object.entries(scenario.fleets).flatMap(([fleet, options]) => {
    const common = { fleet, devices: options.count, firstDevice }
    firstDevice += options.count
    return streamsOf(options).map(({ message, ...stream }, index) => {
      return { name: `${fleet}.${message ?? stream.kind}`, message, ...stream, ...common, stream: index }
    })
  })
}

function streamsOf(fleet: Fleet): Stream[] {
  const messages = Object.entries(fleet.messages).map(([message, { qos, retain, ...options }]): Stream => {
    const topics = [messageTopic(fleet, options) ?? '']
    return {
      kind: 'message',
      message,
      qos,
      retain,
      topics,
      ...(options.expiry !== undefined && { expiryMs: options.expiry }),
    }
  })
  const own = (['birth', 'will', 'goodbye'] as const).flatMap((kind): Stream[] => {
    const status = fleet[kind]
    return status === undefined ? [] : [{ kind, qos: status.qos, retain: status.retain, topics: [status.topic] }]
  })
  return [...messages, ...own, ...sparkplugStreams(fleet)]
}

function sparkplugStreams(fleet: Fleet): Stream[] {
  const devices = fleet.sparkplug?.devices ?? []
  if (fleet.sparkplug === undefined) return []
  const births = devices.map((device) => sparkplugTopic(fleet, 'DBIRTH', device))
  return [
    { kind: 'nbirth', qos: 0, retain: false, topics: [sparkplugTopic(fleet, 'NBIRTH')] },
    ...(births.length > 0 ? [{ kind: 'dbirth', qos: 0, retain: false, topics: births } as const] : []),
    { kind: 'ndeath', qos: 1, retain: false, topics: [sparkplugTopic(fleet, 'NDEATH')] },
  ]
}

/** The topic template of a message, which for Sparkplug follows from the fleet. */
export function messageTopic(fleet: Fleet, { topic, payload }: Pick<Message, 'topic' | 'payload'>): string | undefined {
  if (payload.format !== 'sparkplug') return topic
  return sparkplugTopic(fleet, payload.device === undefined ? 'NDATA' : 'DDATA', payload.device)
}

function sparkplugTopic({ sparkplug }: Fleet, type: string, device?: string): string {
  return ['spBv1.0', sparkplug?.group, type, sparkplug?.node, ...(device === undefined ? [] : [device])].join('/')
}
