import { scenarioSchemaText } from '../../../devices-sim/scenario/schema-text.ts'

/** Words that can be written in a scenario, taken from its schema. */
export interface ScenarioWords {
  readonly models: readonly string[]
  readonly anomalies: readonly string[]
  readonly formats: readonly string[]
  readonly phases: readonly string[]
  readonly disturbances: readonly string[]
  readonly engines: readonly string[]
  /** Names of everything that can be set, wherever it stands. */
  readonly keys: readonly string[]
}

export function scenarioWords(): ScenarioWords {
  const found = new Map<string, Set<string>>()
  collect(JSON.parse(scenarioSchemaText()), found)
  const valuesOf = (key: string): string[] => [...(found.get(key) ?? [])]
  return {
    models: valuesOf('model'),
    anomalies: valuesOf('kind'),
    formats: valuesOf('format'),
    phases: valuesOf('phase').filter((word) => word !== ''),
    disturbances: valuesOf('how'),
    engines: valuesOf('engine'),
    keys: [...found.keys()],
  }
}

/** Each name of a property with the words that its schema allows as they stand. */
function collect(node: unknown, found: Map<string, Set<string>>): void {
  if (typeof node !== 'object' || node === null) return
  const { properties = {}, ...parts } = node as { readonly properties?: Readonly<Record<string, Written>> }
  for (const [key, value] of Object.entries(properties)) {
    const words = found.get(key) ?? new Set()
    found.set(key, words)
    for (const word of [value.const, ...(value.enum ?? [])]) if (typeof word === 'string') words.add(word)
    collect(value, found)
  }
  for (const part of Object.values(parts)) collect(part, found)
}

interface Written {
  readonly const?: unknown
  readonly enum?: readonly unknown[]
}
