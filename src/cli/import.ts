import { createReadStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { packageVersion } from '../settings/version.ts'
import { exitCode, OperatorError, UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import { forOperator } from './doctor.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import type { Terminal } from './terminal.ts'

const importFlags = {
  file: { kind: 'text', value: 'FILE', positional: true, help: 'what topiary export wrote (FILE alone does)' },
  data: { kind: 'text', value: 'DIR', help: 'data directory to make: new or empty (required)' },
  force: { kind: 'switch', help: 'leave out lines that are wrong, and name them' },
} as const satisfies FlagTable

export const importCommand = defineCommand(
  {
    name: 'import',
    summary: 'Make a data directory from what topiary export wrote',
    usage: 'import FILE --data DIR [--force]',
    sections: [{ title: 'Flags', flags: importFlags }],
    examples: ['topiary import monday.ndjson --data /var/lib/topiary'],
    notes: [
      'Every line is checked first, and nothing is written when one is wrong, unless --force is given.',
      'Exit codes: 0 imported, 1 not imported, or with --force something was left out, 2 wrong flags.',
    ],
  },
  importFlags,
  runImport,
)

async function runImport(values: FlagValues<typeof importFlags>, { stdout, stderr }: Terminal): Promise<number> {
  const { file, data, force } = values
  if (file === undefined) throw new UsageError('import needs a file: topiary import FILE --data DIR')
  if (data === undefined) throw new UsageError('import needs a place for the data directory: --data DIR')
  if (!existsSync(file)) throw new OperatorError(`there is no file ${file}`)
  const { importState } = await import('../storage/tools/export-import.ts')
  const lines = () => createInterface({ input: createReadStream(file), crlfDelay: Infinity })
  const common = { directory: data, brokerVersion: packageVersion(), nowMs: Date.now() }
  const result = await forOperator(() => importState({ ...common, lines, isForced: force }))
  const { faults, isWritten, sessions, messages, retainedMessages } = result
  for (const fault of faults.slice(0, 100)) stderr.write(`topiary: ${file}: ${fault}\n`)
  if (faults.length > 100) stderr.write(`topiary: and ${faults.length - 100} more\n`)
  if (!isWritten) {
    stderr.write('topiary: nothing was imported; put the lines right, or leave them out with --force\n')
    return exitCode.failed
  }
  stdout.write(
    `imported ${sessions} sessions, ${messages} queued and ${retainedMessages} retained messages to ${data}\n`,
  )
  return faults.length === 0 ? exitCode.ok : exitCode.failed
}
