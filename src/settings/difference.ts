import { pathText, valueAt } from '../documents/explain-issue.ts'
import { innerNode, nodeOfKind, type SchemaNode } from '../documents/schema-node.ts'
import { settingsJsonSchema } from './schema-node.ts'

const HIDDEN = '***'

/** What differs between two settings, a line each: `limits.maximumSessions: 10 -> 20`. Secrets are not shown. */
export function settingsDifference(before: unknown, after: unknown): string[] {
  return difference([], hideSecrets(before, before), hideSecrets(after, before))
}

/** A copy in which every secret is `***`. */
export function withoutSecrets<T>(settings: T): T {
  return hideSecrets(settings, settings) as T
}

/** Secrets that are not what they were in `before` are shown as changed. */
function hideSecrets(value: unknown, before: unknown, node: SchemaNode = settingsJsonSchema()): unknown {
  if (node.writeOnly && value !== undefined) return value === before ? HIDDEN : `${HIDDEN} (another)`
  if (Array.isArray(value)) {
    return value.map((one, index) => hideSecrets(one, (before as unknown[] | undefined)?.[index], node.items ?? {}))
  }
  if (typeof value !== 'object' || value === null) return value
  const group = nodeOfKind(node, value)
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      hideSecrets(inner, (before as Record<string, unknown> | null | undefined)?.[key], innerNode(group, key) ?? {}),
    ]),
  )
}

function difference(path: readonly (string | number)[], before: unknown, after: unknown): string[] {
  if (!isBranch(before) || !isBranch(after) || Array.isArray(before) !== Array.isArray(after)) {
    const [was, is] = [shown(before), shown(after)]
    return was === is ? [] : [`${pathText(path)}: ${was} -> ${is}`]
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) =>
    difference([...path, Array.isArray(before) ? Number(key) : key], valueAt(before, [key]), valueAt(after, [key])),
  )
}

function isBranch(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return !Array.isArray(value) || value.some((one) => typeof one === 'object')
}

function shown(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value)
}
