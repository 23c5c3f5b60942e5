import { ProtobufReader } from './protobuf-reader.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/**
 * Payload of Sparkplug B, as far as a simulator needs it. Integers are numbers where they are safe, above that
 * bigints. Negative ones travel as two's complement: see `signedValue`.
 */
export interface SparkplugPayload {
  readonly timestamp?: number | bigint
  readonly metrics: readonly SparkplugMetric[]
  readonly seq?: number | bigint
  readonly uuid?: string
  readonly body?: Uint8Array
}

export interface SparkplugMetric {
  readonly name?: string
  readonly alias?: number | bigint
  readonly timestamp?: number | bigint
  readonly datatype?: number
  readonly isHistorical?: boolean
  readonly isTransient?: boolean
  readonly isNull?: boolean
  readonly value?: MetricValue
}

/** By the field it travels in. */
export type MetricValue =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'long'; readonly value: number | bigint }
  | { readonly kind: 'float' | 'double'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }

const payloadField = { timestamp: 1, metric: 2, seq: 3, uuid: 4, body: 5 } as const
const metricField = {
  name: 1,
  alias: 2,
  timestamp: 3,
  datatype: 4,
  isHistorical: 5,
  isTransient: 6,
  isNull: 7,
  int: 10,
  long: 11,
  float: 12,
  double: 13,
  boolean: 14,
  string: 15,
  bytes: 16,
} as const

const outer = new ProtobufWriter()
const inner = new ProtobufWriter()

/** `uuid` comes right after the timestamp, where a mark is found. */
export function encodePayload({ timestamp, metrics, seq, uuid, body }: SparkplugPayload): Uint8Array {
  outer.clear()
  if (timestamp !== undefined) outer.integer(payloadField.timestamp, timestamp)
  if (uuid !== undefined) outer.text(payloadField.uuid, uuid)
  for (const metric of metrics) outer.bytes(payloadField.metric, encodeMetric(metric))
  if (seq !== undefined) outer.integer(payloadField.seq, seq)
  if (body !== undefined) outer.bytes(payloadField.body, body)
  return outer.view().slice()
}

/** Throws ProtobufError for what is no payload. Fields it does not know are left out. */
export function decodePayload(bytes: Uint8Array): SparkplugPayload {
  const reader = new ProtobufReader(bytes)
  const metrics: SparkplugMetric[] = []
  const payload: Writable<SparkplugPayload> = { metrics }
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field === payloadField.timestamp) payload.timestamp = reader.integer()
    else if (field === payloadField.metric) metrics.push(decodeMetric(reader.bytes()))
    else if (field === payloadField.seq) payload.seq = reader.integer()
    else if (field === payloadField.uuid) payload.uuid = reader.text()
    else if (field === payloadField.body) payload.body = reader.bytes().slice()
    else reader.skip()
  }
  return payload
}

/** Of a value of Int8 to Int64, which the wire does not tell from an unsigned one. */
export function signedValue(value: number | bigint, bits: 8 | 16 | 32 | 64): number | bigint {
  const signed = BigInt.asIntN(bits, BigInt(value))
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

function encodeMetric(metric: SparkplugMetric): Uint8Array {
  const { name, alias, timestamp, datatype, isHistorical, isTransient, isNull, value } = metric
  inner.clear()
  if (name !== undefined) inner.text(metricField.name, name)
  if (alias !== undefined) inner.integer(metricField.alias, alias)
  if (timestamp !== undefined) inner.integer(metricField.timestamp, timestamp)
  if (datatype !== undefined) inner.integer(metricField.datatype, datatype)
  if (isHistorical !== undefined) inner.integer(metricField.isHistorical, Number(isHistorical))
  if (isTransient !== undefined) inner.integer(metricField.isTransient, Number(isTransient))
  if (isNull !== undefined) inner.integer(metricField.isNull, Number(isNull))
  if (value !== undefined) encodeValue(value)
  return inner.view()
}

function encodeValue(value: MetricValue): void {
  const field = metricField[value.kind]
  switch (value.kind) {
    case 'int':
      inner.integer(field, value.value >>> 0)
      return
    case 'long':
      inner.integer(field, value.value)
      return
    case 'float':
      inner.float(field, value.value)
      return
    case 'double':
      inner.double(field, value.value)
      return
    case 'boolean':
      inner.integer(field, Number(value.value))
      return
    case 'string':
      inner.text(field, value.value)
      return
    case 'bytes':
      inner.bytes(field, value.value)
  }
}

function decodeMetric(bytes: Uint8Array): SparkplugMetric {
  const reader = new ProtobufReader(bytes)
  const metric: Writable<SparkplugMetric> = {}
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field === metricField.name) metric.name = reader.text()
    else if (field === metricField.alias) metric.alias = reader.integer()
    else if (field === metricField.timestamp) metric.timestamp = reader.integer()
    else if (field === metricField.datatype) metric.datatype = reader.uint32()
    else if (field === metricField.isHistorical) metric.isHistorical = reader.boolean()
    else if (field === metricField.isTransient) metric.isTransient = reader.boolean()
    else if (field === metricField.isNull) metric.isNull = reader.boolean()
    else {
      const value = decodeValue(field, reader)
      if (value !== undefined) metric.value = value
    }
  }
  return metric
}

function decodeValue(field: number, reader: ProtobufReader): MetricValue | undefined {
  switch (field) {
    case metricField.int:
      return { kind: 'int', value: reader.uint32() }
    case metricField.long:
      return { kind: 'long', value: reader.integer() }
    case metricField.float:
      return { kind: 'float', value: reader.float() }
    case metricField.double:
      return { kind: 'double', value: reader.double() }
    case metricField.boolean:
      return { kind: 'boolean', value: reader.boolean() }
    case metricField.string:
      return { kind: 'string', value: reader.text() }
    case metricField.bytes:
      return { kind: 'bytes', value: reader.bytes().slice() }
    default:
      reader.skip()
      return undefined
  }
}
