import type { Reading } from '../../sensors/sensor.ts'
import { DATATYPE, type MetricLayout } from './layout.ts'
import type { SparkplugMetric } from './payload.ts'

/** A reading as the type its metric was born with; null where it has none of that type. */
export function metricValue(
  reading: Exclude<Reading, undefined>,
  datatype: MetricLayout['datatype'],
): Pick<SparkplugMetric, 'isNull' | 'value'> {
  if (reading === null) return { isNull: true }
  switch (datatype) {
    case DATATYPE.string:
      return {
        value: { kind: 'string', value: typeof reading === 'object' ? JSON.stringify(reading) : String(reading) },
      }
    case DATATYPE.boolean:
      return typeof reading === 'boolean' ? { value: { kind: 'boolean', value: reading } } : { isNull: true }
    case DATATYPE.double: {
      const number = typeof reading === 'boolean' ? Number(reading) : reading
      return typeof number === 'number' ? { value: { kind: 'double', value: number } } : { isNull: true }
    }
  }
}
