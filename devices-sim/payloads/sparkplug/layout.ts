import { csvColumn, type ReadCsv } from '../../sensors/csv.ts'
import type { SensorOptions } from '../../sensors/schema.ts'
import type { SensorFunction } from '../../sensors/sensor.ts'

/** Codes of the specification for what sensors give. */
export const DATATYPE = { int64: 4, double: 10, boolean: 11, string: 12 } as const
type Datatype = (typeof DATATYPE)['double' | 'boolean' | 'string']

/** One metric of an edge node or of a device on it. */
export interface MetricLayout {
  readonly name: string
  readonly alias: number
  readonly datatype: Datatype
  readonly sensor: string
  /** Of a reading that has several: `latitude`. */
  readonly part: string | undefined
}

/** What all edge nodes of a fleet have in common. Aliases are of one node: no two of its metrics share one. */
export interface EdgeNodeLayout {
  readonly metrics: readonly MetricLayout[]
  /** By name. */
  readonly devices: ReadonlyMap<string, readonly MetricLayout[]>
}

/** A fleet with its `sparkplug`, as a scenario has it. */
export interface SparkplugFleet {
  readonly sensors: Readonly<Record<string, SensorOptions | SensorFunction>>
  readonly messages: Readonly<Record<string, { readonly payload: LayoutPayload }>>
  readonly sparkplug?: { readonly devices: readonly string[] } | undefined
}

type LayoutPayload = {
  readonly format: string
  readonly fields?: readonly string[] | undefined
  readonly device?: string | undefined
}

/** What the births must announce: all that some message of the node, or of one of its devices, sends. */
export function edgeNodeLayout({ sensors, messages, sparkplug }: SparkplugFleet, readCsv: ReadCsv): EdgeNodeLayout {
  const sent = Object.values(messages).flatMap(({ payload }) => (payload.format === 'sparkplug' ? [payload] : []))
  let alias = 0
  const metricsOf = (device: string | undefined): readonly MetricLayout[] => {
    const payloads = sent.filter((payload) => payload.device === device)
    const fields = new Set(payloads.flatMap((payload) => payload.fields ?? Object.keys(sensors)))
    return Object.entries(sensors)
      .filter(([sensor]) => fields.has(sensor))
      .flatMap(([sensor, options]) => partsOf(options).map((part) => ({ sensor, part, options })))
      .map(({ sensor, part, options }) => {
        const name = part === undefined ? sensor : `${sensor}/${part}`
        return { name, alias: ++alias, datatype: datatypeOf(options, readCsv), sensor, part }
      })
  }
  const metrics = metricsOf(undefined)
  return { metrics, devices: new Map(sparkplug?.devices.map((device) => [device, metricsOf(device)])) }
}

function partsOf(options: SensorOptions | SensorFunction): readonly (string | undefined)[] {
  const isPosition = typeof options !== 'function' && options.model === 'route'
  return isPosition ? ['latitude', 'longitude', 'speed', 'course'] : [undefined]
}

/** A metric keeps its type for life; what may be this or that is a text. A function is taken to give numbers. */
function datatypeOf(options: SensorOptions | SensorFunction, readCsv: ReadCsv): Datatype {
  if (typeof options === 'function') return DATATYPE.double
  switch (options.model) {
    case 'constant':
    case 'events':
      return datatypeOfAll([options.value])
    case 'step':
      return datatypeOfAll(options.values)
    case 'replay':
      return datatypeOfAll(csvColumn(readCsv(options.file), options.column))
    case 'states':
      return DATATYPE.string
    default:
      return DATATYPE.double
  }
}

function datatypeOfAll(values: readonly (number | string | boolean | null)[]): Datatype {
  const types = new Set(values.filter((value) => value !== null).map((value) => typeof value))
  if (types.size > 1 || types.has('string')) return DATATYPE.string
  return types.has('boolean') ? DATATYPE.boolean : DATATYPE.double
}
