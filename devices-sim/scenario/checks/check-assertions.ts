import { isSelected, parseAssertion } from '../../assertions/parse-assertion.ts'
import { flowsOf } from '../flows.ts'
import type { Scenario } from '../schema.ts'
import { type FaultList, noSuch } from './fault-list.ts'

export function checkAssertions(scenario: Scenario, faults: FaultList): void {
  const known = { flow: flowsOf(scenario).map(({ name }) => name), subscriber: Object.keys(scenario.subscribers) }
  for (const [index, text] of scenario.assertions.entries()) {
    const path = ['assertions', index]
    const assertion = parseAssertion(text)
    if ('fault' in assertion) {
      faults.add(path, assertion.fault)
      continue
    }
    for (const { key, value } of assertion.where) {
      if (key === 'qos' || known[key].some((name) => isSelected(value, name))) continue
      faults.add(path, `names ${noSuch(key, value, known[key])}`)
    }
  }
}
