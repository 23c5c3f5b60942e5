import type { DocumentPath } from '../../../src/documents/document-fault.ts'
import { SHARE_PREFIX, topicFilterFault, topicNameFault, topicTextFault } from '../../../src/topics/topic-syntax.ts'
import { matchFlows } from '../expected-deliveries.ts'
import { messageTopic } from '../flows.ts'
import { deviceIdentities, type Identities, subscriberIdentities } from '../identities.ts'
import type { Scenario } from '../schema.ts'
import { compileTemplate } from '../template.ts'
import type { FaultList } from './fault-list.ts'

const MAXIMUM_LEVELS = 65_536

/** Topics and filters as they come out. Call with templates that are right only. */
export function checkTopics(scenario: Scenario, faults: FaultList): void {
  const before = faults.faults.length
  for (const [name, fleet] of Object.entries(scenario.fleets)) {
    const identity = deviceIdentities(scenario, name)
    const check = (path: DocumentPath, template: string | undefined): void => {
      if (template !== undefined) checkTopic(['fleets', name, ...path], template, fleet.count, identity, faults)
    }
    for (const [key, message] of Object.entries(fleet.messages)) {
      if (message.payload.format !== 'sparkplug') check(['messages', key, 'topic'], messageTopic(fleet, message))
    }
    for (const kind of ['birth', 'will', 'goodbye'] as const) check([kind, 'topic'], fleet[kind]?.topic)
    for (const part of ['group', 'node'] as const) {
      const template = fleet.sparkplug?.[part]
      if (template === undefined) continue
      check(['sparkplug', part], template)
      if (compileTemplate(template)(identity(1)).includes('/')) {
        faults.add(['fleets', name, 'sparkplug', part], 'must be one level of a topic, without a /')
      }
    }
  }
  checkCommandTopics(scenario, faults)
  checkFilters(scenario, faults)
  if (faults.faults.length === before) checkOverlaps(scenario, faults)
}

/** The last device has the longest number; nothing else differs in ways that count here. */
function checkTopic(
  path: DocumentPath,
  template: string,
  count: number,
  identity: Identities,
  faults: FaultList,
): void {
  const topic = compileTemplate(template)(identity(count))
  const fault = topicTextFault(topic) ?? topicNameFault(topic, MAXIMUM_LEVELS)
  if (fault !== undefined) faults.add(path, `becomes no topic name, ${shown(topic)}: ${fault}`)
}

function checkCommandTopics(scenario: Scenario, faults: FaultList): void {
  for (const [name, command] of Object.entries(scenario.commands)) {
    const fleet = scenario.fleets[command.fleet]
    faults.expectName(['commands', name, 'fleet'], 'fleet', command.fleet, Object.keys(scenario.fleets))
    if (fleet === undefined) continue
    const identity = deviceIdentities(scenario, command.fleet)
    for (const key of ['topic', 'responseTopic'] as const) {
      checkTopic(['commands', name, key], command[key], fleet.count, identity, faults)
    }
  }
}

function checkFilters(scenario: Scenario, faults: FaultList): void {
  for (const [name, { count, filters }] of Object.entries(scenario.subscribers)) {
    const values = subscriberIdentities(scenario, name)(count)
    for (const [index, template] of filters.entries()) {
      const filter = compileTemplate(template)(values)
      const path = ['subscribers', name, 'filters', index]
      if (filter.startsWith(SHARE_PREFIX))
        faults.add(path, 'must be the filter alone; write share: NAME beside filters')
      const fault = topicTextFault(filter) ?? topicFilterFault(filter)
      if (fault !== undefined) faults.add(path, `becomes no topic filter, ${shown(filter)}: ${fault}`)
    }
  }
}

function checkOverlaps(scenario: Scenario, faults: FaultList): void {
  const told = new Set<string>()
  for (const { subscriber, filters, topic } of matchFlows(scenario).overlaps) {
    const [first, second] = filters
    const path = ['subscribers', subscriber, 'filters', second]
    if (told.has(path.join())) continue
    told.add(path.join())
    const other = `filters[${first}]`
    faults.add(
      path,
      `matches ${shown(topic)}, as ${other} does: a broker may deliver it twice; make them differ, or two subscribers`,
    )
  }
}

function shown(topic: string): string {
  return JSON.stringify(topic.length > 100 ? `${topic.slice(0, 100)}...` : topic)
}
