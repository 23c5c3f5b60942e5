import { checkDocument } from '../../src/documents/check-document.ts'
import type { DocumentFault } from '../../src/documents/document-fault.ts'
import { checkAssertions } from './checks/check-assertions.ts'
import { checkBroker } from './checks/check-broker.ts'
import { checkClients } from './checks/check-clients.ts'
import { checkFiles } from './checks/check-files.ts'
import { checkLimits } from './checks/check-limits.ts'
import { checkMessages } from './checks/check-messages.ts'
import { checkSensors } from './checks/check-sensors.ts'
import { checkTemplates } from './checks/check-templates.ts'
import { checkTimes } from './checks/check-times.ts'
import { checkTopics } from './checks/check-topics.ts'
import { FaultList } from './checks/fault-list.ts'
import { scenarioKind } from './scenario-kind.ts'
import { type Scenario, scenarioSchema } from './schema.ts'

type Outcome = { readonly scenario: Scenario } | { readonly faults: readonly DocumentFault[] }

/**
 * Fills in defaults, or says everything that is wrong: first what the schema says, and once that is right, what only
 * the whole shows. Files that it names are looked at where `directory`, beside which they are, is given.
 */
export function checkScenario(input: unknown, directory?: string): Outcome {
  const outcome = checkDocument(scenarioSchema, input, scenarioKind)
  if ('faults' in outcome) return outcome
  const faults = contradictionsOf(outcome.value, directory)
  return faults.length > 0 ? { faults } : { scenario: outcome.value }
}

/** What only the whole of a scenario shows, whose parts are right each for itself. */
export function contradictionsOf(scenario: Scenario, directory?: string): readonly DocumentFault[] {
  const list = new FaultList()
  checkTemplates(scenario, list)
  // topics are looked at as they come out, which takes templates that are right
  if (list.faults.length === 0) checkTopics(scenario, list)
  checkBroker(scenario, list)
  checkClients(scenario, list)
  checkLimits(scenario, list)
  checkMessages(scenario, list)
  checkTimes(scenario, list)
  checkSensors(scenario, list)
  checkAssertions(scenario, list)
  if (directory !== undefined) checkFiles(scenario, directory, list)
  if (Object.keys(scenario.fleets).length === 0 && Object.keys(scenario.subscribers).length === 0) {
    list.faults.push({
      path: [],
      isKey: false,
      message: 'the scenario has neither fleets nor subscribers; give it one',
    })
  }
  return list.faults
}
