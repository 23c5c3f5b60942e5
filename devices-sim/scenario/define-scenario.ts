import { DocumentError } from '../../src/documents/document-error.ts'
import { placedFaults } from '../../src/documents/placed-faults.ts'
import { checkScenario } from './check-scenario.ts'
import type { Scenario, ScenarioInput } from './schema.ts'

/** Times of a scenario are milliseconds once it was read, seconds before: it must not be read a second time. */
const defined = Symbol.for('topiary-mqtt.scenario')

/**
 * A scenario written as a program. Sensors may be functions too. Throws DocumentError with everything that is wrong;
 * files are looked for when it is loaded or run, since it does not know yet where they are.
 */
export function defineScenario(input: ScenarioInput): Scenario {
  const outcome = checkScenario(input)
  if ('faults' in outcome) throw new DocumentError(placedFaults(outcome.faults, undefined))
  return Object.defineProperty(outcome.scenario, defined, { value: true })
}

export function isDefinedScenario(value: unknown): value is Scenario {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, defined)
}
