import { stringify } from 'yaml'
import { withoutSecrets } from './difference.ts'
import type { Settings } from './settings.ts'

/** Settings as a settings file, YAML, in which every secret is `***`. */
export function printSettings(settings: Settings): string {
  return stringify(withoutVariables(withoutSecrets(settings)), { lineWidth: 0 })
}

/** `${` in a text must not be taken for a variable when the file is read. */
function withoutVariables(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${')
  if (Array.isArray(value)) return value.map(withoutVariables)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutVariables(inner)]))
}
