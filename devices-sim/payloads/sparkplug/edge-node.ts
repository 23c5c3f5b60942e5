import type { Reading } from '../../sensors/sensor.ts'
import { DATATYPE, type EdgeNodeLayout, type MetricLayout } from './layout.ts'
import { metricValue } from './metric-value.ts'
import { decodePayload, encodePayload, type SparkplugMetric } from './payload.ts'

const rebirthMetric = 'Node Control/Rebirth'

/** A message to publish: births and data with QoS 0, the death as a will with QoS 1, none retained. */
export interface SparkplugMessage {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: 0 | 1
  readonly retain: false
}

/** What a birth or data message is made of. Times are simulated, in milliseconds since 1970. */
export interface SparkplugContext {
  readonly nowMs: number
  /** By name of the sensor; of data, only these that have something to say are sent. */
  readonly readings: Readonly<Record<string, Reading>>
  /** Text of the mark; goes into `uuid`. */
  readonly mark: string | undefined
}

export interface SparkplugDataContext extends SparkplugContext {
  /** When the readings were taken, if that was before now. */
  readonly measuredMs: number
  /** Sensors to send; all of the node or device if left out. */
  readonly fields?: readonly string[] | undefined
}

/**
 * One edge node of Sparkplug B 3.0. The order is `death` for each CONNECT, then `nodeBirth` and a `deviceBirth` for each
 * device once it is connected, and again when `isRebirthCommand` says so, then data. Messages are numbered as they
 * are made, so make each when it is sent, in the order it is sent in: a backlog keeps readings, not payloads.
 */
export class EdgeNode {
  readonly #layout: EdgeNodeLayout
  readonly #group: string
  readonly #node: string
  #bdSeq = -1
  #seq = -1
  #bornAtMs = Number.NaN

  constructor(layout: EdgeNodeLayout, names: { readonly group: string; readonly node: string }) {
    this.#layout = layout
    this.#group = names.group
    this.#node = names.node
  }

  /** Names of the devices on it, in the order of their births. */
  get devices(): Iterable<string> {
    return this.#layout.devices.keys()
  }

  /** Where commands for the node arrive: to be subscribed to with QoS 1 before the birth. */
  get commandTopic(): string {
    return this.#topic('NCMD', undefined)
  }

  /** The will of the next CONNECT. Each call is a connection of its own: bdSeq is one more. */
  death(nowMs: number, mark: string | undefined): SparkplugMessage {
    this.#bdSeq = (this.#bdSeq + 1) % 256
    this.#seq = -1
    this.#bornAtMs = Number.NaN
    const payload = encodePayload({ timestamp: nowMs, ...uuidOf(mark), metrics: [this.#bdSeqMetric(nowMs)] })
    return { topic: this.#topic('NDEATH', undefined), payload, qos: 1, retain: false }
  }

  /** NBIRTH. Its seq is 0. */
  nodeBirth(context: SparkplugContext): SparkplugMessage {
    if (this.#bdSeq < 0)
      throw new Error('an edge node is born after its death was given to CONNECT: call death() first')
    const { nowMs } = context
    this.#seq = -1
    this.#bornAtMs = nowMs
    const rebirth: SparkplugMetric = {
      name: rebirthMetric,
      timestamp: nowMs,
      datatype: DATATYPE.boolean,
      value: { kind: 'boolean', value: false },
    }
    return this.#message('NBIRTH', undefined, context, [
      this.#bdSeqMetric(nowMs),
      rebirth,
      ...births(this.#layout.metrics, context),
    ])
  }

  /** DBIRTH. */
  deviceBirth(device: string, context: SparkplugContext): SparkplugMessage {
    return this.#message('DBIRTH', device, context, births(this.#metricsOf(device), context))
  }

  /** NDATA, or DDATA of a device. */
  data(device: string | undefined, context: SparkplugDataContext): SparkplugMessage {
    const { measuredMs, readings, fields } = context
    const isHistorical = measuredMs < this.#bornAtMs
    const metrics: SparkplugMetric[] = []
    for (const layout of this.#metricsOf(device)) {
      if (fields !== undefined && !fields.includes(layout.sensor)) continue
      const reading = partOf(readings[layout.sensor], layout)
      if (reading === undefined) continue
      metrics.push({
        alias: layout.alias,
        timestamp: measuredMs,
        ...(isHistorical ? { isHistorical } : {}),
        ...metricValue(reading, layout.datatype),
      })
    }
    return this.#message(device === undefined ? 'NDATA' : 'DDATA', device, context, metrics)
  }

  /** Whether a message on `commandTopic` asks for the births again. */
  isRebirthCommand(payload: Uint8Array): boolean {
    try {
      return decodePayload(payload).metrics.some(({ name, value }) => name === rebirthMetric && value?.value === true)
    } catch {
      return false // whoever sends this is no host application
    }
  }

  #message(
    type: 'NBIRTH' | 'DBIRTH' | 'NDATA' | 'DDATA',
    device: string | undefined,
    { nowMs, mark }: SparkplugContext,
    metrics: readonly SparkplugMetric[],
  ): SparkplugMessage {
    if (type !== 'NBIRTH' && this.#seq < 0) throw new Error(`${type} comes after NBIRTH: call nodeBirth() first`)
    this.#seq = (this.#seq + 1) % 256
    const payload = encodePayload({ timestamp: nowMs, ...uuidOf(mark), metrics, seq: this.#seq })
    return { topic: this.#topic(type, device), payload, qos: 0, retain: false }
  }

  #bdSeqMetric(nowMs: number): SparkplugMetric {
    const value = { kind: 'long', value: this.#bdSeq } as const
    return { name: 'bdSeq', timestamp: nowMs, datatype: DATATYPE.int64, value }
  }

  #metricsOf(device: string | undefined): readonly MetricLayout[] {
    const metrics = device === undefined ? this.#layout.metrics : this.#layout.devices.get(device)
    if (metrics === undefined) throw new Error(`the edge node ${this.#node} has no device "${device}"`)
    return metrics
  }

  #topic(type: string, device: string | undefined): string {
    const topic = `spBv1.0/${this.#group}/${type}/${this.#node}`
    return device === undefined ? topic : `${topic}/${device}`
  }
}

function births(layouts: readonly MetricLayout[], { nowMs, readings }: SparkplugContext): SparkplugMetric[] {
  return layouts.map((layout) => ({
    name: layout.name,
    alias: layout.alias,
    timestamp: nowMs,
    datatype: layout.datatype,
    ...metricValue(partOf(readings[layout.sensor], layout) ?? null, layout.datatype),
  }))
}

/** A reading without its part is one that was not taken. */
function partOf(reading: Reading, { part }: MetricLayout): Reading {
  if (part === undefined || reading === undefined) return reading
  return typeof reading === 'object' && reading !== null ? (reading[part] ?? null) : null
}

function uuidOf(mark: string | undefined): { readonly uuid?: string } {
  return mark === undefined ? {} : { uuid: mark }
}
