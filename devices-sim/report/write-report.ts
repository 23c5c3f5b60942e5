import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { flowsCsv, seriesCsv } from './csv-report.ts'
import { htmlReport } from './html-report.ts'
import { jsonReport } from './json-report.ts'
import { junitReport } from './junit-report.ts'
import type { RunReport } from './run-report.ts'

const files = {
  'report.json': jsonReport,
  'report.html': htmlReport,
  'series.csv': seriesCsv,
  'flows.csv': flowsCsv,
  'junit.xml': junitReport,
} as const satisfies Record<string, (report: RunReport) => string>

export interface WrittenReport {
  readonly directory: string
  /** Names of files in the directory. */
  readonly written: readonly string[]
  /** What could not be written; the reason is a sentence that names the file. */
  readonly failed: readonly { readonly file: string; readonly reason: string }[]
}

/**
 * Writes all files of a report, each whole or not at all. Does not throw: what was measured is still to be shown when
 * a disk is full.
 */
export async function writeReport(directory: string, report: RunReport): Promise<WrittenReport> {
  const written: string[] = []
  const failed: { file: string; reason: string }[] = []
  try {
    await createDirectory(resolve(directory))
  } catch (error) {
    const reason = `cannot create the directory ${directory}: ${explained(error)}`
    return { directory, written, failed: Object.keys(files).map((file) => ({ file, reason })) }
  }
  for (const [file, make] of Object.entries(files)) {
    try {
      await replaceFile(directory, file, make(report))
      written.push(file)
    } catch (error) {
      failed.push({ file, reason: `cannot write ${join(directory, file)}: ${explained(error)}` })
    }
  }
  return { directory, written, failed }
}

/** One after the other: the recursive call of Node never returns below /proc. */
async function createDirectory(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await createDirectory(dirname(path))
    await mkdir(path)
  }
}

async function replaceFile(directory: string, file: string, text: string): Promise<void> {
  const temporary = join(directory, `.${file}.${process.pid}.tmp`)
  try {
    await writeFile(temporary, text)
    await rename(temporary, join(directory, file))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}) // the first error is the one to tell
    throw error
  }
}

const known: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; make room or choose another directory',
  EDQUOT: 'the quota of the disk is used up; make room or choose another directory',
  EACCES: 'no right to write there; choose another directory or change its rights',
  EPERM: 'no right to write there; choose another directory or change its rights',
  EROFS: 'the file system is read-only; choose another directory',
  EEXIST: 'a file of that name is in the way; move it or choose another directory',
  ENOTDIR: 'a part of the path is a file, not a directory; choose another directory',
  EISDIR: 'a directory of that name is in the way; move it or choose another directory',
  ENOTEMPTY: 'a directory of that name is in the way; move it or choose another directory',
  ENAMETOOLONG: 'the path is too long; choose a shorter one',
}

function explained(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return known[code ?? ''] ?? message
}
