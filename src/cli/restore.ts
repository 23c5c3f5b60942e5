import { exitCode, UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import { forOperator } from './doctor.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import type { Terminal } from './terminal.ts'

const restoreFlags = {
  backup: { kind: 'text', value: 'BACKUP', positional: true, help: 'what topiary backup wrote (BACKUP alone does)' },
  data: { kind: 'text', value: 'DIR', help: 'where to put it: new or empty (required)' },
} as const satisfies FlagTable

export const restoreCommand = defineCommand(
  {
    name: 'restore',
    summary: 'Make a data directory from a backup',
    usage: 'restore BACKUP --data DIR',
    sections: [{ title: 'Flags', flags: restoreFlags }],
    examples: ['topiary restore /backups/monday --data /var/lib/topiary'],
    notes: [
      'What was delivered since the backup is delivered again; what was published since is not in it.',
      'What was restored is read through once, and what is damaged is said.',
      'Exit codes: 0 restored, 1 not restored or damaged, 2 wrong flags.',
    ],
  },
  restoreFlags,
  restore,
)

async function restore(values: FlagValues<typeof restoreFlags>, { stdout, stderr }: Terminal): Promise<number> {
  const { backup, data } = values
  if (backup === undefined) throw new UsageError('restore needs a backup: topiary restore BACKUP --data DIR')
  if (data === undefined) throw new UsageError('restore needs a place for the data directory: --data DIR')
  const { restoreBackup } = await import('../storage/tools/backup.ts')
  const { examine } = await import('../storage/tools/doctor.ts')
  const found = await forOperator(async () => {
    await restoreBackup(backup, data)
    return examine(data)
  })
  const { sessions, queuedMessages, retainedMessages, faults } = found
  const holds = `${sessions} sessions, ${queuedMessages} queued and ${retainedMessages} retained messages`
  stdout.write(`restored to ${data}: ${holds}; start a broker on it with topiary start --data ${data}\n`)
  if (faults.length === 0) return exitCode.ok
  stderr.write(`topiary: the backup is damaged:\n${faults.map((fault) => `  ${fault}\n`).join('')}`)
  return exitCode.failed
}
