import type { LoadedSettings } from '../settings/load-settings.ts'
import { SettingsError } from '../settings/settings-file.ts'

type Places = Pick<LoadedSettings, 'sourceOf'>

/** Runs `prepare`; faults of what settings name, like certificates and rules, are told where the setting stands. */
export function withPlaces<T>(loaded: Places, prepare: () => T): T {
  try {
    return prepare()
  } catch (error) {
    throw placedError(loaded, error)
  }
}

/** The same SettingsError with places before its faults; any other error as it is. */
export function placedError(loaded: Places, error: unknown): unknown {
  if (!(error instanceof SettingsError)) return error
  return new SettingsError(error.faults.map((fault) => placed(loaded, fault)))
}

/** `listeners[1].tls: ...`, `rights: rules[2]: ...` */
function placed({ sourceOf }: Places, fault: string): string {
  const found = /^([a-zA-Z]+(?:\.\w+|\[\d+\])*): (?:rules\[(\d+)\]: )?/.exec(fault)
  if (found === null) return fault
  const parts = (found[1] ?? '').split(/[.[\]]+/).filter((part) => part !== '')
  const path = parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  const source = sourceOf(found[2] === undefined ? path : [...path, 'rules', Number(found[2])])
  return source === undefined ? fault : `${source}: ${fault}`
}
