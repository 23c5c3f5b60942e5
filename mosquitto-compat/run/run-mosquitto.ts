import { DocumentError } from '../../src/documents/document-error.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { isInBackground, startInBackground } from './daemon.ts'
import { MosquittoFlagError, readMosquittoFlags } from './mosquitto-flags.ts'
import { guardedReload } from './reload-guard.ts'
import { usageText, versionText } from './usage.ts'

/** What the executable gives back; 3 is what Mosquitto says of everything wrong in flags and files. */
export const mosquittoExit = { ok: 0, failed: 1, invalid: 3 } as const

/** The `mosquitto` executable, from its arguments (without node and script) to its exit code. */
export async function runMosquitto(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const flags = readMosquittoFlags(argv)
    const { file, ports, log, wants } = flags
    if (wants === 'help' || wants === 'version') {
      terminal.stdout.write(wants === 'help' ? usageText() : `${versionText('2.1')}\n`)
      return mosquittoExit.ok
    }
    // only who needs the broker waits for its parts to be read
    const [{ loadMosquittoConf }, { prepare }, { preparedApis }, { withPlaces }] = await Promise.all([
      import('../load-mosquitto-conf.ts'),
      import('../../src/server/prepared.ts'),
      import('./http-apis.ts'),
      import('../../src/cli/with-places.ts'),
    ])
    const load = () => loadMosquittoConf({ file, ports, environment: terminal.env })
    if (wants === 'test') {
      const loaded = load()
      const prepared = withPlaces(loaded, () => prepare(loaded.settings, Date.now()))
      const warnings = new Set([...loaded.warnings, ...prepared.warnings, ...preparedApis(loaded).warnings])
      for (const warning of warnings) terminal.stderr.write(`Warning: ${warning}\n`)
      terminal.stderr.write('Configuration file is OK.\n')
      return mosquittoExit.ok
    }
    if (flags.isDaemon && !isInBackground(terminal.env)) {
      load() // what is wrong is said before anything else happens
      return await startInBackground((text) => terminal.stderr.write(text))
    }
    const { serve } = await import('./serve.ts')
    await serve({ load: guardedReload(load), file, log }, terminal)
    return mosquittoExit.ok
  } catch (error) {
    if (error instanceof DocumentError) {
      for (const fault of error.faults) terminal.stderr.write(`Error: ${fault}\n`)
      return mosquittoExit.invalid
    }
    const sentence = error instanceof Error ? error.message : String(error)
    terminal.stderr.write(`Error: ${sentence}\n`)
    if (!(error instanceof MosquittoFlagError)) return mosquittoExit.failed
    terminal.stderr.write(`\n${usageText()}`)
    return mosquittoExit.invalid
  }
}
