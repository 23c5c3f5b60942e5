import type { Scenario } from '../scenario/schema.ts'
import { compileTemplate, type Template } from '../scenario/template.ts'

/** Where the devices of a fleet listen for one kind of command, and where they answer. */
export interface CommandTopic {
  readonly topic: Template
  readonly responseTopic: Template
  readonly qos: 0 | 1 | 2
}

export function commandTopicsOf(scenario: Scenario, fleet: string): CommandTopic[] {
  return Object.values(scenario.commands)
    .filter((command) => command.fleet === fleet)
    .map(({ topic, responseTopic, qos }) => ({
      topic: compileTemplate(topic),
      responseTopic: compileTemplate(responseTopic),
      qos,
    }))
}
