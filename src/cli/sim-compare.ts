import { exitCode, OperatorError, UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import type { Terminal } from './terminal.ts'

const compareFlags = {
  first: { kind: 'text', value: 'A.json', positional: true, help: 'report.json of one run' },
  second: { kind: 'text', value: 'B.json', positional: true, help: 'report.json of the other' },
} as const satisfies FlagTable

export const simCompareCommand = defineCommand(
  {
    name: 'sim compare',
    summary: 'Show two runs side by side',
    usage: 'sim compare A.json B.json',
    sections: [{ title: 'Flags', flags: compareFlags }],
    examples: ['topiary sim compare before/report.json after/report.json'],
    notes: ['Exit codes: 0 shown, 1 a file is no report, 2 wrong flags.'],
  },
  compareFlags,
  compare,
)

async function compare(values: FlagValues<typeof compareFlags>, terminal: Terminal): Promise<number> {
  const { first, second } = values
  if (first === undefined || second === undefined) {
    throw new UsageError('sim compare needs two reports: topiary sim compare A.json B.json')
  }
  const [{ compareReports }, { readReport, ReportFileError }] = await Promise.all([
    import('../../devices-sim/report/compare-reports.ts'),
    import('../../devices-sim/report/json-report.ts'),
  ])
  try {
    terminal.stdout.write(compareReports(readReport(first), readReport(second)))
  } catch (error) {
    throw error instanceof ReportFileError ? new OperatorError(error.message) : error
  }
  return exitCode.ok
}
