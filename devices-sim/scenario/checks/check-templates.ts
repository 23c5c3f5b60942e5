import type { DocumentPath } from '../../../src/documents/document-fault.ts'
import { nearest } from '../../../src/documents/nearest.ts'
import type { Fleet, Scenario } from '../schema.ts'
import { parseTemplate } from '../template.ts'
import type { FaultList } from './fault-list.ts'

interface Place {
  readonly path: DocumentPath
  readonly text: string | undefined
  /** Values it may name. */
  readonly known: readonly string[]
  readonly isSecret?: boolean
}

const ofDevices = ['run', 'fleet', 'number']
const ofSubscribers = ['run', 'group', 'number']
const ofMessages = ['sequence', 'time', 'due']

/** Every text with places to fill in: its braces, and that there is a value for each place. */
export function checkTemplates(scenario: Scenario, faults: FaultList): void {
  for (const { path, text, known, isSecret = false } of placesOf(scenario)) {
    const outcome = parseTemplate(text ?? '')
    if ('fault' in outcome) {
      faults.add(path, isSecret ? 'has a brace by itself; write it twice for the brace' : `has ${outcome.fault}`)
      continue
    }
    const names = outcome.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name]))
    for (const name of names.filter((one) => !known.includes(one))) {
      const meant = nearest(name, known)
      const hint = meant === undefined ? `there is ${known.map(braced).join(', ')}` : `did you mean ${braced(meant)}?`
      faults.add(
        path,
        isSecret ? `names a value that is not there; ${hint}` : `names no value ${braced(name)}; ${hint}`,
      )
    }
  }
}

function placesOf({ fleets, subscribers, commands }: Scenario): Place[] {
  return [
    ...Object.entries(fleets).flatMap(([name, fleet]) => placesOfFleet(['fleets', name], fleet)),
    ...Object.entries(commands).flatMap(([name, { topic, responseTopic }]): Place[] => {
      const known = [...ofDevices, 'client']
      return [
        { path: ['commands', name, 'topic'], text: topic, known },
        { path: ['commands', name, 'responseTopic'], text: responseTopic, known },
      ]
    }),
    ...Object.entries(subscribers).flatMap(([name, group]): Place[] => {
      const [path, known] = [
        ['subscribers', name],
        [...ofSubscribers, 'client'],
      ]
      return [
        { path: [...path, 'clientId'], text: group.clientId, known: ofSubscribers },
        { path: [...path, 'userName'], text: group.userName, known },
        { path: [...path, 'password'], text: group.password, known, isSecret: true },
        ...group.filters.map((text, index) => ({ path: [...path, 'filters', index], text, known })),
      ]
    }),
  ]
}

function placesOfFleet(path: DocumentPath, fleet: Fleet): Place[] {
  const known = [...ofDevices, 'client']
  const inPayload = [...known, ...ofMessages, ...Object.keys(fleet.sensors)]
  return [
    { path: [...path, 'clientId'], text: fleet.clientId, known: ofDevices },
    { path: [...path, 'userName'], text: fleet.userName, known },
    { path: [...path, 'password'], text: fleet.password, known, isSecret: true },
    ...Object.entries(fleet.messages).flatMap(([name, { topic, properties = {}, payload }]): Place[] => {
      const at = [...path, 'messages', name]
      const text = payload.format === 'template' ? payload.text : undefined
      return [
        { path: [...at, 'topic'], text: topic, known },
        { path: [...at, 'payload', 'text'], text, known: inPayload },
        ...Object.entries(properties).map(([key, value]) => ({ path: [...at, 'properties', key], text: value, known })),
      ]
    }),
    ...(['birth', 'will', 'goodbye'] as const).flatMap((kind): Place[] => [
      { path: [...path, kind, 'topic'], text: fleet[kind]?.topic, known },
      { path: [...path, kind, 'text'], text: fleet[kind]?.text, known },
    ]),
    { path: [...path, 'sparkplug', 'group'], text: fleet.sparkplug?.group, known },
    { path: [...path, 'sparkplug', 'node'], text: fleet.sparkplug?.node, known },
  ]
}

function braced(name: string): string {
  return `{${name}}`
}
