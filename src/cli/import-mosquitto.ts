import { writeFileSync } from 'node:fs'
import { exitCode, OperatorError, UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import type { Terminal } from './terminal.ts'

const importFlags = {
  file: { kind: 'text', value: 'FILE', positional: true, help: 'mosquitto.conf to read (FILE alone does)' },
  output: { kind: 'text', value: 'FILE', help: 'write the settings there in the place of standard output' },
  'mosquitto-version': {
    kind: 'choice',
    value: 'VERSION',
    choices: ['2.0', '2.1'],
    help: 'whose defaults and rules hold (default 2.1, or topiary_mosquitto_version of the file)',
  },
} as const satisfies FlagTable

export const importMosquittoCommand = defineCommand(
  {
    name: 'import-mosquitto',
    summary: 'Turn a mosquitto.conf into a settings file, with a report of what differs',
    usage: 'import-mosquitto FILE [flags]',
    sections: [{ title: 'Flags', flags: importFlags }],
    examples: ['topiary import-mosquitto /etc/mosquitto/mosquitto.conf --output topiary.yaml'],
    notes: [
      'The settings go to standard output, the report to standard error, a line for each line of the file.',
      'Names of files are taken as seen from the working directory, as Mosquitto takes them.',
      'Exit codes: 0 the settings are written, 1 they could not be, 78 wrong mosquitto.conf, 2 wrong flags.',
    ],
  },
  importFlags,
  importMosquitto,
)

async function importMosquitto(values: FlagValues<typeof importFlags>, terminal: Terminal): Promise<number> {
  const { file, output } = values
  if (file === undefined) {
    throw new UsageError('import-mosquitto needs a file: topiary import-mosquitto mosquitto.conf')
  }
  const { loadMosquittoConf } = await import('../../mosquitto-compat/load-mosquitto-conf.ts')
  const { importReport } = await import('../../mosquitto-compat/report/import-report.ts')
  const { settingsText } = await import('../../mosquitto-compat/report/settings-text.ts')
  const version = values['mosquitto-version'] as '2.0' | '2.1' | undefined
  const loaded = loadMosquittoConf({ file, version, environment: terminal.env })
  const text = `# what ${JSON.stringify(file)} says, as settings of Topiary\n${settingsText(loaded)}`
  if (output === undefined) terminal.stdout.write(text)
  else write(output, text)
  terminal.stderr.write(importReport(loaded))
  return exitCode.ok
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new OperatorError(`cannot write ${path}: ${(error as Error).message}`)
  }
}
