import { prepare } from '../server/prepared.ts'
import { exitCode, UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import { isMosquittoConf, settingsOfMosquittoConf } from './mosquitto-conf.ts'
import { configFlag, settingsFlags, settingsFromFlags } from './settings-flags.ts'
import type { Terminal } from './terminal.ts'
import { withPlaces } from './with-places.ts'

const checkFlags = {
  ...settingsFlags,
  config: { ...configFlag, positional: true },
} as const satisfies FlagTable

export const checkConfigCommand = defineCommand(
  {
    name: 'check-config',
    summary: 'Check a settings file and all the files it names',
    usage: 'check-config FILE [flags]',
    sections: [{ title: 'Flags, as of topiary start', flags: checkFlags }],
    examples: ['topiary check-config topiary.yaml', 'topiary check-config /etc/mosquitto/mosquitto.conf'],
    notes: [
      'Reads passwords, rights, certificates and keys too; opens no port and starts nothing.',
      'Exit codes: 0 good, 78 wrong settings, 2 wrong flags.',
    ],
  },
  checkFlags,
  checkConfig,
)

async function checkConfig(values: FlagValues<typeof checkFlags>, terminal: Terminal): Promise<number> {
  const path = values.config ?? terminal.env['TOPIARY_CONFIG']
  if (path === undefined) {
    throw new UsageError('check-config needs a settings file: topiary check-config FILE')
  }
  const loaded = isMosquittoConf(path)
    ? await settingsOfMosquittoConf(path, terminal)
    : settingsFromFlags(values, terminal)
  const { warnings, closedDoors, listeners } = withPlaces(loaded, () => prepare(loaded.settings, Date.now()))
  for (const warning of [...warnings, ...closedDoors]) terminal.stderr.write(`warning: ${warning}\n`)
  terminal.stdout.write(`${loaded.file?.name ?? path} is good: ${listeners.length} listener(s)\n`)
  return exitCode.ok
}
