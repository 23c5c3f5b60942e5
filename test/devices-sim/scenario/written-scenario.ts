import { DocumentError } from '../../../src/documents/document-error.ts'
import { defineScenario } from '../../../devices-sim/scenario/define-scenario.ts'
import { parseScenario } from '../../../devices-sim/scenario/load-scenario.ts'
import type { Scenario, ScenarioInput } from '../../../devices-sim/scenario/schema.ts'

/** What is wrong with a scenario, as it is said; empty when it is good. */
export function faultsIn(text: string, environment: Readonly<Record<string, string>> = {}): readonly string[] {
  return faultsOf(() => parseScenario(text, 's.yaml', environment))
}

export function faultsOf(read: () => unknown): readonly string[] {
  try {
    read()
    return []
  } catch (error) {
    if (error instanceof DocumentError) return error.faults
    throw error
  }
}

type FleetInput = NonNullable<ScenarioInput['fleets']>[string]

/** A good scenario of a fleet `machines` with a message `telemetry`, with changes. */
export function scenarioOf(fleet: Partial<FleetInput> = {}, more: Partial<ScenarioInput> = {}): Scenario {
  return defineScenario(inputOf(fleet, more))
}

export function inputOf(fleet: Partial<FleetInput> = {}, more: Partial<ScenarioInput> = {}): ScenarioInput {
  const telemetry = { topic: 'sim/{client}', every: 1, payload: { format: 'fixed', bytes: 64 } } as const
  return { name: 'test', fleets: { machines: { count: 2, messages: { telemetry }, ...fleet } }, ...more }
}
