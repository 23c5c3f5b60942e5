import type { LoadedSettings } from '../settings/load-settings.ts'
import { exitCode, UsageError } from './cli-error.ts'
import type { FlagValues } from './flags.ts'
import { settingsFlags } from './settings-flags.ts'
import type { Terminal } from './terminal.ts'

/** Whether a file of settings is in the form of mosquitto.conf: its name says so. */
export function isMosquittoConf(file: string | undefined): file is string {
  return file?.endsWith('.conf') === true
}

/** What a mosquitto.conf says, as settings. */
export async function settingsOfMosquittoConf(file: string, { env }: Pick<Terminal, 'env'>): Promise<LoadedSettings> {
  const { loadMosquittoConf } = await import('../../mosquitto-compat/load-mosquitto-conf.ts')
  const { settings, sourceOf } = loadMosquittoConf({ file, environment: env })
  return { settings, file: undefined, sourceOf }
}

/** Starts the broker as the `mosquitto` executable would. */
export async function startWithMosquittoConf(
  file: string,
  values: FlagValues<typeof settingsFlags>,
  terminal: Terminal,
): Promise<number> {
  refuseOtherFlags(values)
  const [{ serve }, { guardedReload }, { loadMosquittoConf }] = await Promise.all([
    import('../../mosquitto-compat/run/serve.ts'),
    import('../../mosquitto-compat/run/reload-guard.ts'),
    import('../../mosquitto-compat/load-mosquitto-conf.ts'),
  ])
  const load = guardedReload(() => loadMosquittoConf({ file, environment: terminal.env }))
  await serve({ load, file, log: undefined }, terminal)
  return exitCode.ok
}

/** The log of a broker with other settings, in Mosquitto's words. */
export async function mosquittoLogger(level: string) {
  const { LeveledMosquittoLog: Logger } = await import('../../mosquitto-compat/log/leveled-log.ts')
  const log = new Logger(level)
  return { log, tap: log.tap, close: () => log.close() }
}

/** Two places that say the same thing would be one too many. */
function refuseOtherFlags(values: FlagValues<typeof settingsFlags>): void {
  const given = Object.entries(values as Record<string, unknown>)
    .filter(([name, value]) => name !== 'config' && (name in settingsFlags || name === 'log-format') && isGiven(value))
    .map(([name]) => `--${name}`)
  if (given.length > 0) {
    throw new UsageError(`${given.join(', ')}: a mosquitto.conf says everything itself; put it there`)
  }
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false
}
