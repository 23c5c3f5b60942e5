import { z } from 'zod'
import { type SensorInput, type SensorOptions, sensorSchema } from '../sensors/schema.ts'
import type { SensorFunction } from '../sensors/sensor.ts'

/**
 * A sensor of a scenario: options of a model or, where the scenario is written as a program, a function. A union of
 * both would explain faults of the options badly, and a function cannot stand in a JSON Schema.
 */
export const sensorOrFunction: z.ZodType<SensorOptions | SensorFunction, SensorInput | SensorFunction> = z
  .custom<SensorInput | SensorFunction>()
  .transform((given, context) => {
    if (typeof given === 'function') return given
    const outcome = sensorSchema.safeParse(given)
    if (outcome.success) return outcome.data
    for (const issue of outcome.error.issues) context.issues.push({ ...issue, input: given } as z.core.$ZodRawIssue)
    return z.NEVER
  })
  .meta(z.toJSONSchema(sensorSchema, { io: 'input' }))
