import { exitCode, UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import { forOperator } from './doctor.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import type { Terminal } from './terminal.ts'

const backupFlags = {
  target: { kind: 'text', value: 'DIR', positional: true, help: 'new directory for the backup (DIR alone does)' },
  data: { kind: 'text', value: 'DATA_DIR', default: './topiary-data', help: 'data directory to copy' },
} as const satisfies FlagTable

export const backupCommand = defineCommand(
  {
    name: 'backup',
    summary: 'Copy a data directory, also while its broker runs',
    usage: 'backup DIR [--data DATA_DIR]',
    sections: [{ title: 'Flags', flags: backupFlags }],
    examples: ['topiary backup /backups/monday --data /var/lib/topiary'],
    notes: [
      'All that was acknowledged before the command began is in the backup; it is read once to see that it is sound.',
      'Its user must be able to write to the data directory: files are held there by links while they are copied.',
      'Exit codes: 0 the backup is there and sound, 1 it is not, 2 wrong flags.',
    ],
  },
  backupFlags,
  backup,
)

async function backup(values: FlagValues<typeof backupFlags>, { stdout, stderr }: Terminal): Promise<number> {
  const { target, data } = values
  if (target === undefined) throw new UsageError('backup needs a directory for the copy: topiary backup DIR')
  const { backUp } = await import('../storage/tools/backup.ts')
  const { examine } = await import('../storage/tools/doctor.ts')
  const found = await forOperator(async () => {
    await backUp(data, target)
    return examine(target)
  })
  const { sessions, queuedMessages, retainedMessages, faults } = found
  stdout.write(
    `${data} is backed up in ${target}: ${sessions} sessions, ${queuedMessages} queued and ` +
      `${retainedMessages} retained messages\n`,
  )
  for (const fault of faults) stderr.write(`topiary: ${fault}\n`)
  if (faults.length > 0) stderr.write(`topiary: the backup holds what could be read; see topiary doctor ${data}\n`)
  return faults.length === 0 ? exitCode.ok : exitCode.failed
}
