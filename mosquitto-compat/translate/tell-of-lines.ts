import type { KnownLine, MosquittoConf } from '../conf/mosquitto-conf.ts'
import { type Findings, tell } from './findings.ts'

/** Warns of options that are known and not done, tells of those that differ or are deprecated; once for each option. */
export function tellOfLines({ lines }: MosquittoConf, findings: Findings): void {
  const told = new Set<string>()
  for (const { name, option, place } of lines) {
    // plugins have sentences of their own, and of a bridge the line that opens it says all
    if (told.has(name) || option.scope === 'bridge' || isPlugin(name)) continue
    told.add(name)
    const list = listFor(option.state, findings)
    if (list !== undefined) tell(list, place, `${name}: ${option.says}`)
    if (option.deprecated) tell(findings.notices, place, `${name} is deprecated in Mosquitto`)
  }
}

function listFor(state: KnownLine['option']['state'], { warnings, notices }: Findings): string[] | undefined {
  if (state === 'same') return undefined
  return state === 'different' ? notices : warnings
}

function isPlugin(name: string): boolean {
  return ['plugin', 'global_plugin', 'auth_plugin', 'plugin_load', 'plugin_use'].includes(name)
}
