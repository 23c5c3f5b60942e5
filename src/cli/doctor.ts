import { packageVersion } from '../settings/version.ts'
import type { Examination } from '../storage/tools/doctor.ts'
import { StoreError } from '../storage/store-error.ts'
import { exitCode, OperatorError, UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import type { Terminal } from './terminal.ts'

const doctorFlags = {
  directory: { kind: 'text', value: 'DIR', positional: true, help: 'data directory or backup (DIR alone does)' },
  repair: { kind: 'text', value: 'OUT', help: 'write a mended copy to OUT, a new directory' },
  json: { kind: 'switch', help: 'print one JSON object' },
} as const satisfies FlagTable

export const doctorCommand = defineCommand(
  {
    name: 'doctor',
    summary: 'Say what is in a data directory and what is wrong with it',
    usage: 'doctor DIR [flags]',
    sections: [{ title: 'Flags', flags: doctorFlags }],
    examples: ['topiary doctor ./topiary-data', 'topiary doctor ./topiary-data --repair ./mended'],
    notes: [
      'DIR is only read, and no broker may use it meanwhile. A broker mends its directory itself when it starts.',
      'Exit codes: 0 sound, 1 damaged or not readable, 2 wrong flags.',
    ],
  },
  doctorFlags,
  doctor,
)

async function doctor(values: FlagValues<typeof doctorFlags>, { stdout }: Terminal): Promise<number> {
  const { directory, repair, json } = values
  if (directory === undefined) throw new UsageError('doctor needs a data directory: topiary doctor DIR')
  // here, since the database comes with native code, which other commands do without
  const { examine, mendCopy } = await import('../storage/tools/doctor.ts')
  const { found, mended } = await forOperator(async () => {
    const examined = await examine(directory)
    if (repair === undefined) return { found: examined, mended: undefined }
    await mendCopy(directory, repair, packageVersion())
    return { found: examined, mended: await examine(repair) }
  })
  if (json) stdout.write(`${JSON.stringify(mended === undefined ? found : { ...found, mended })}\n`)
  else stdout.write(textOf(found) + (mended === undefined ? '' : `\nThe mended copy:\n\n${textOf(mended)}`))
  return (mended ?? found).faults.length === 0 ? exitCode.ok : exitCode.failed
}

/** What a data directory cannot do is said in one line. */
export async function forOperator<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    if (error instanceof StoreError) throw new OperatorError(error.message)
    if (error instanceof Error && 'syscall' in error) throw new OperatorError(error.message)
    throw error
  }
}

export function textOf(found: Examination): string {
  const { format, writtenBy, lastCommitMs, bytes, faults } = found
  const rows: readonly (readonly [string, string | number])[] = [
    ['format', format === undefined ? 'unknown' : `${format}, written by Topiary ${String(writtenBy)}`],
    ['sessions', found.sessions],
    ['subscriptions', found.subscriptions],
    ['queued messages', found.queuedMessages],
    ['retained messages', found.retainedMessages],
    ['wills', found.wills],
    ['commits in the log', found.logCommits],
    ['last commit', lastCommitMs === undefined ? 'none in the log' : new Date(lastCommitMs).toISOString()],
    ...Object.entries(bytes).map(([kind, count]) => [`bytes of ${kind}`, count] as const),
    ['files set aside', found.filesSetAside],
  ]
  const lines = rows.map(([name, value]) => `  ${name.padEnd(20)}${value}`)
  const verdict =
    faults.length === 0 ? ['it is sound'] : [`${faults.length} faults:`, ...faults.map((one) => `  ${one}`)]
  return [found.directory, ...lines, ...verdict, ''].join('\n')
}
