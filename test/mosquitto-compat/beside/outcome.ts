import { isDeepStrictEqual } from 'node:util'
import { WireClient, type InboundPacket } from '../../support/wire-client.ts'
import type { ConnectFields } from '../../support/wire-packets.ts'
import { differences, type Difference, type Part } from './differences.ts'

/** What a client saw of a broker, by the name of the step. */
export type Outcome = Record<string, unknown>

/** An observation that is not the same on both sides, and that no row of the table explains. */
export interface Finding {
  readonly what: string
  readonly mosquitto: unknown
  readonly topiary: unknown
}

const used = new Set<Difference>()

/** What differs between two outcomes of the same steps, less what the table of differences has. */
export function findings(part: Part, [mosquitto, topiary]: readonly [Outcome, Outcome], files = ''): Finding[] {
  const names = new Set([...Object.keys(mosquitto), ...Object.keys(topiary)])
  const found: Finding[] = []
  for (const what of names) {
    const values = { what, mosquitto: mosquitto[what], topiary: topiary[what] }
    if (isDeepStrictEqual(values.mosquitto, values.topiary)) continue
    const known = differences.find((row) => row.part === part && explains(row, values, files))
    if (known === undefined) found.push(values)
    else used.add(known)
  }
  return found
}

/** Findings as lines, and below them the case, so that a failure says all there is to say. */
export function told(found: readonly Finding[], ofCase: unknown): string[] {
  if (found.length === 0) return []
  const lines = found.map(({ what, ...said }) => `${what}: ${text(said.mosquitto)}, but here ${text(said.topiary)}`)
  return [...lines, text(ofCase)]
}

/** Rows of the table that no case of `part` has needed so far. */
export function unusedRows(part: Part): string[] {
  return differences
    .filter((row) => row.part === part && row.isOfChance !== true && !used.has(row))
    .map(({ why }) => why)
}

function explains(row: Difference, { what, mosquitto, topiary }: Finding, files: string): boolean {
  if (row.given !== undefined && !row.given.test(files)) return false
  return row.what.test(what) && row.mosquitto.test(text(mosquitto)) && row.topiary.test(text(topiary))
}

export function text(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}

/** Messages as one line each, in an order that does not depend on how a broker walks its trees. */
export function messagesOf(packets: readonly InboundPacket[]): string[] {
  const lines = packets.flatMap((packet) => {
    if (packet.kind !== 'publish') return packet.kind === 'pubrel' ? [] : [packet.kind]
    const { topicName, qos, retain, properties, text: payload } = packet
    const { topicAlias: _alias, ...rest } = properties
    const more = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`
    const shown = topicName.startsWith('$SYS/') ? '' : payload.length > 40 ? `${payload.length} bytes` : payload
    return [`${topicName} q${qos} r${Number(retain)} ${shown}${more}`]
  })
  return lines.toSorted()
}

/** How a step ended: its value, or how the broker ended the connection in its place. */
export async function seen<T>(client: WireClient, step: () => Promise<T>): Promise<T | string> {
  if (client.isClosed) return farewell(client)
  try {
    return await step()
  } catch (error) {
    if (client.violation !== undefined) return client.violation.message
    if (client.isClosed) return farewell(client)
    throw error
  }
}

/** Waits until the broker has closed the connection. */
export async function farewell(client: WireClient): Promise<string> {
  const { reasonCode } = await client.closed()
  return reasonCode === undefined ? 'closed' : `closed with 0x${reasonCode.toString(16)}`
}

/** CONNECT and its answer: the code or how the broker hung up, and each property. */
export async function admission(client: WireClient, fields: ConnectFields, as = 'connect'): Promise<Outcome> {
  const answer = await seen(client, () => client.connect(fields))
  if (typeof answer === 'string') return { [as]: answer }
  const { reasonCode, sessionPresent, properties } = answer
  const outcome: Outcome = { [as]: `0x${reasonCode.toString(16)}${sessionPresent ? ' with a session' : ''}` }
  for (const [name, value] of Object.entries(properties)) {
    if (name !== 'reasonString')
      outcome[`${as}: ${name}`] = name === 'assignedClientIdentifier' ? prefixOf(value) : value
  }
  return outcome
}

function prefixOf(assigned: unknown): string {
  return String(assigned).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'UUID')
}
