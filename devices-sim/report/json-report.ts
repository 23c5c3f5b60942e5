import { readFileSync } from 'node:fs'
import { type RunReport, runReportSchema } from './run-report.ts'

const MOST_FAULTS = 5

/** A file that is not a report; the message names it and says what is wrong. */
export class ReportFileError extends Error {
  override readonly name = 'ReportFileError'
}

export function jsonReport(report: RunReport): string {
  return `${JSON.stringify(report, undefined, 2)}\n`
}

/** Throws ReportFileError. */
export function readReport(path: string): RunReport {
  const given = parsed(readText(path), path)
  const { format, version } = (given ?? {}) as { format?: unknown; version?: unknown }
  if (format !== 'topiary-sim-report') {
    throw new ReportFileError(`${path} is not the report of a run: give the report.json that a run wrote`)
  }
  if (version !== 1) {
    const what = `${path} has version ${JSON.stringify(version)} of the report format, this program reads version 1`
    throw new ReportFileError(`${what}: use the program that wrote it, or make the run again`)
  }
  const outcome = runReportSchema.safeParse(given)
  if (outcome.success) return outcome.data
  const issues = outcome.error.issues
  const faults = issues.slice(0, MOST_FAULTS).map(({ path: at, message }) => `  ${at.join('.')}: ${message}`)
  const more = issues.length > MOST_FAULTS ? [`  and ${issues.length - MOST_FAULTS} more`] : []
  throw new ReportFileError([`${path} is damaged or was changed by hand:`, ...faults, ...more].join('\n'))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ReportFileError(`cannot read the report ${path}: ${(error as Error).message}`, { cause: error })
  }
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new ReportFileError(`${path} is not JSON: ${(error as Error).message}`, { cause: error })
  }
}
