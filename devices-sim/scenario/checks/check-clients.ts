import type { DocumentPath } from '../../../src/documents/document-fault.ts'
import { deviceIdentities, type Identities, subscriberIdentities } from '../identities.ts'
import type { Scenario } from '../schema.ts'
import { parseTemplate, variablesOf } from '../template.ts'
import type { FaultList } from './fault-list.ts'

const MAXIMUM_TEXT_BYTES = 65_535

interface Clients {
  readonly path: DocumentPath
  /** `fleet machines` */
  readonly name: string
  readonly count: number
  readonly template: string
  readonly identity: Identities
}

/** No two clients may have one identifier: a broker would end the connection of the first for the second. */
export function checkClients(scenario: Scenario, faults: FaultList): void {
  const owners = new Map<string, string>()
  for (const clients of clientsOf(scenario)) {
    const { path, name, count, template, identity } = clients
    const at = [...path, 'clientId']
    if (Buffer.byteLength(identity(count).client) > MAXIMUM_TEXT_BYTES) {
      faults.add(at, 'becomes longer than 65,535 bytes, the most that a client identifier can have')
    } else if (count > 1 && !variablesOf(template).has('number')) {
      faults.add(at, `gives all ${count} clients one client identifier, ${identity(1).client}; put {number} into it`)
    } else {
      const taken = firstTaken(clients, owners)
      if (taken !== undefined) {
        faults.add(at, `gives ${name} the client identifier ${taken}, which ${owners.get(taken)} has; make them differ`)
      }
    }
  }
  checkLogins(scenario, faults)
}

function clientsOf(scenario: Scenario): Clients[] {
  const fleets = Object.entries(scenario.fleets).map(([name, { count, clientId }]) => {
    const identity = deviceIdentities
    return { kind: 'fleet', list: 'fleets', name, count, clientId, identity }
  })
  const groups = Object.entries(scenario.subscribers).map(([name, { count, clientId }]) => {
    const identity = subscriberIdentities
    return { kind: 'subscribers', list: 'subscribers', name, count, clientId, identity }
  })
  return [...fleets, ...groups]
    .filter(({ clientId }) => !('fault' in parseTemplate(clientId)))
    .map(({ kind, list, name, count, clientId, identity }) => ({
      path: [list, name],
      name: `${kind} ${name}`,
      count,
      template: clientId,
      identity: identity(scenario, name),
    }))
}

function firstTaken({ name, count, identity }: Clients, owners: Map<string, string>): string | undefined {
  for (let number = 1; number <= count; number++) {
    const { client } = identity(number)
    if (owners.has(client)) return client
    owners.set(client, name)
  }
  return undefined
}

function checkLogins(scenario: Scenario, faults: FaultList): void {
  for (const list of ['fleets', 'subscribers'] as const) {
    for (const [name, { password, userName, protocol }] of Object.entries(scenario[list])) {
      if ((protocol ?? scenario.protocol) === '5' || password === undefined || userName !== undefined) continue
      faults.add([list, name, 'password'], 'needs a userName beside it: MQTT 3.1.1 knows no password without one')
    }
  }
}
