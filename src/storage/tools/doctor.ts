import { join } from 'node:path'
import { DataDirectoryError } from '../directory/directory-error.ts'
import { bytesMissing } from '../directory/directory-mend.ts'
import { type ClosedLog, formatVersion, readVersion } from '../directory/directory-version.ts'
import { openDataDirectory } from '../directory/data-directory.ts'
import { type Inspection, inspect } from './doctor-inspect.ts'
import { openScratch } from './doctor-scratch.ts'
import { DatabaseWriter } from './export-database.ts'
import { owedMessages } from './export.ts'
import type { KeyValue } from '../key-value.ts'
import { OwedCounts } from '../log/owed-counts.ts'
import { namesIn } from '../directory/set-aside.ts'

/** What a data directory holds, and what is wrong with it. */
export interface Examination {
  readonly directory: string
  /** Of VERSION; undefined where it cannot be read. */
  readonly format: number | undefined
  readonly writtenBy: string | undefined
  readonly sessions: number
  readonly subscriptions: number
  /** Entries in queues: a message to ten sessions counts ten times. */
  readonly queuedMessages: number
  readonly retainedMessages: number
  readonly wills: number
  readonly logCommits: number
  readonly bytes: Readonly<Record<string, number>>
  /** Undefined: nothing is in the log. */
  readonly lastCommitMs: number | undefined
  readonly filesSetAside: number
  /** A sentence each: what, and what it costs. None: it is sound. */
  readonly faults: readonly string[]
}

/** Looks into a data directory or a backup that no broker uses. Rejects with a DataDirectoryError where it cannot. */
export async function examine(directory: string): Promise<Examination> {
  const version = await readableVersion(directory)
  const scratch = await openScratch(directory)
  try {
    const inspection = await inspect(scratch.keyValue)
    const faults = [...version.faults, ...(await cutLog(directory, version)), ...scratch.faults, ...inspection.faults]
    const { format, writtenBy } = version
    const setAside = await namesIn(join(directory, 'set-aside'))
    return { directory, format, writtenBy, ...countsOf(inspection), filesSetAside: setAside.length, faults }
  } finally {
    await scratch.close()
  }
}

/** Writes what can be read of `directory` into `target`, which is sound then; `directory` stays as it is. */
export async function mendCopy(directory: string, target: string, brokerVersion: string): Promise<void> {
  if ((await namesIn(target)).length > 0) {
    throw new DataDirectoryError('unusable', `${target} is not empty; name a directory that is new or empty`)
  }
  const scratch = await openScratch(directory)
  try {
    const inspection = await inspect(scratch.keyValue)
    const made = await openDataDirectory({ directory: target, log: noLog, wallMs: Date.now, brokerVersion }).open()
    await writeReadable(scratch.keyValue, inspection, made).finally(() => made.close())
  } finally {
    await scratch.close()
  }
}

async function writeReadable(from: KeyValue, inspection: Inspection, to: KeyValue): Promise<void> {
  const { state, self, lastCommitMs } = inspection
  const writer = new DatabaseWriter(to)
  let lastSequence = 0
  const readable = new OwedCounts()
  for await (const [sequence, stored] of owedMessages(from, inspection)) {
    await writer.message(sequence, stored)
    readable.add(sequence, 1, false)
    lastSequence = Math.max(lastSequence, sequence)
  }
  // a queue names nothing that is not there
  for (const queue of [...state.groups.values(), ...[...state.sessions.values()].map((session) => session.queue)]) {
    for (const [key, { sequence }] of queue) if (!readable.has(sequence)) queue.delete(key)
  }
  await writer.entities(state)
  const skipped = 1 << 20
  await writer.finish({
    nextSequence: Math.max(self.nextSequence, lastSequence) + skipped,
    nextSession: Math.max(self.nextSession, ...state.sessions.keys()) + skipped,
    lastKnownMs: Math.max(self.lastKnownMs, lastCommitMs),
    counters: self.counters,
  })
}

/** What is found is the answer. */
const noLog = { debug() {}, info() {}, warn() {}, error() {} }

/** As after an orderly end, or in a backup, the log is at least so long. */
async function cutLog(directory: string, { closedWith }: { readonly closedWith?: ClosedLog | undefined }) {
  if (closedWith === undefined) return []
  const missing = await bytesMissing(join(directory, 'db'), closedWith)
  return missing > 0 ? [`${missing} bytes of the log ${closedWith.log} are missing: what they held is lost`] : []
}

/** What VERSION says. Rejects with a DataDirectoryError for a format of a later version. */
export async function readableVersion(directory: string) {
  const version = await readVersion(directory)
  if (version === undefined || version === 'unreadable') {
    const what = version === undefined ? 'missing' : 'unreadable'
    const faults = [`the file VERSION is ${what}: nothing is lost by it, the broker writes it anew`]
    return { format: undefined, writtenBy: undefined, closedWith: undefined, faults }
  }
  if (version.format <= formatVersion) return { ...version, faults: [] }
  throw new DataDirectoryError(
    'newer',
    `${directory} was written by Topiary ${version.writtenBy} in format ${version.format}, and this version reads ` +
      `formats up to ${formatVersion}; use the topiary of ${version.writtenBy} or newer`,
  )
}

function countsOf({ state, kinds, lastCommitMs }: Inspection) {
  let subscriptions = 0
  let queuedMessages = 0
  for (const session of state.sessions.values()) {
    subscriptions += session.subscriptions.size
    queuedMessages += session.queue.size
  }
  for (const waiting of state.groups.values()) queuedMessages += waiting.size
  return {
    sessions: state.sessions.size,
    subscriptions,
    queuedMessages,
    retainedMessages: state.retainedMessages.size,
    wills: state.wills.size,
    logCommits: kinds.c.count,
    bytes: {
      log: kinds.c.bytes,
      messages: kinds.m.bytes,
      sessions: kinds.s.bytes,
      queues: kinds.q.bytes + kinds.g.bytes,
      retained: kinds.r.bytes,
      wills: kinds.w.bytes,
      damaged: kinds.damaged.bytes,
    },
    lastCommitMs: lastCommitMs === 0 ? undefined : lastCommitMs,
  }
}
