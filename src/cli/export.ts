import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { packageVersion } from '../settings/version.ts'
import { exitCode, OperatorError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import { forOperator } from './doctor.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import type { Terminal } from './terminal.ts'

const exportFlags = {
  data: { kind: 'text', value: 'DIR', default: './topiary-data', help: 'data directory or backup' },
  output: { kind: 'text', value: 'FILE', short: 'o', help: 'new file to write (default: stdout)' },
} as const satisfies FlagTable

export const exportCommand = defineCommand(
  {
    name: 'export',
    summary: 'Write sessions, their queues and retained messages as lines of JSON',
    usage: 'export [--data DIR] [--output FILE]',
    sections: [{ title: 'Flags', flags: exportFlags }],
    examples: ['topiary export --data /backups/monday --output monday.ndjson'],
    notes: [
      'No broker may use DIR meanwhile; of one that runs, export a backup. The lines: docs/storage.md.',
      'Exit codes: 0 all is written, 1 something could not be read and is left out, 2 wrong flags.',
    ],
  },
  exportFlags,
  runExport,
)

async function runExport(values: FlagValues<typeof exportFlags>, { stdout, stderr }: Terminal): Promise<number> {
  const { data, output } = values
  const { exportState } = await import('../storage/tools/export.ts')
  const faults = await forOperator(async () => {
    const options = { directory: data, brokerVersion: packageVersion(), nowMs: Date.now() }
    if (output === undefined) return exportState({ ...options, write: (line) => writeTo(stdout, line) })
    const file = await open(output, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
      throw new OperatorError(`${output} is there already; name a new file`)
    })
    const stream = file.createWriteStream()
    const found = await exportState({ ...options, write: (line) => writeTo(stream, line) })
    stream.end()
    await once(stream, 'close')
    return found
  })
  for (const fault of faults) stderr.write(`topiary: ${fault}\n`)
  return faults.length === 0 ? exitCode.ok : exitCode.failed
}

async function writeTo(stream: Writable, line: object): Promise<void> {
  if (!stream.write(`${JSON.stringify(line)}\n`)) await once(stream, 'drain')
}
