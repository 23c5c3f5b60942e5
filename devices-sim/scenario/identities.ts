import type { Scenario } from './schema.ts'
import { compileTemplate, type TemplateValues } from './template.ts'

/** Stands for the run where only the form of topics matters. */
export const ANY_RUN = 'run'

/** Of the device with a number, 1 for the first, what its templates may name. `run` as given. */
export type Identities = (number: number) => TemplateValues & { readonly client: string }

export function deviceIdentities(scenario: Scenario, fleet: string, run: string = ANY_RUN): Identities {
  return identities(scenario.fleets[fleet]?.clientId ?? '', { run, fleet })
}

export function subscriberIdentities(scenario: Scenario, group: string, run: string = ANY_RUN): Identities {
  return identities(scenario.subscribers[group]?.clientId ?? '', { run, group })
}

function identities(clientId: string, common: TemplateValues): Identities {
  const client = compileTemplate(clientId)
  return (number) => {
    const values = { ...common, number }
    return { ...values, client: client(values) }
  }
}
