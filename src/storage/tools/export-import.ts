import type { Log } from '../../contracts/log.ts'
import { MESSAGES_PER_BLOCK, type QueueEntry } from '../../contracts/store.ts'
import { DataDirectoryError } from '../directory/directory-error.ts'
import { openDataDirectory } from '../directory/data-directory.ts'
import { DatabaseWriter } from './export-database.ts'
import { anyLine, type ExportLine, exportVersion, messageOf, msOf, subscriptionsOf } from './export-lines.ts'
import { FoldedState } from './export-state.ts'
import { topicNameFault } from '../../topics/topic-syntax.ts'
import { namesIn } from '../directory/set-aside.ts'

/** As many as there can be in 65,535 bytes. */
const MAXIMUM_TOPIC_LEVELS = 65_536

export interface ImportOptions {
  /** The file from its beginning, a line at a time; gone through twice. */
  readonly lines: () => AsyncIterable<string>
  readonly directory: string
  readonly brokerVersion: string
  readonly nowMs: number
  /** Lines with faults are left out; else nothing is written when there is one. */
  readonly isForced: boolean
}

export interface ImportResult {
  readonly isWritten: boolean
  /** `line 12: ...`, of all lines that are wrong. */
  readonly faults: readonly string[]
  readonly sessions: number
  readonly messages: number
  readonly retainedMessages: number
}

/** Makes a data directory, new or empty, from what `exportState` wrote. */
export async function importState(options: ImportOptions): Promise<ImportResult> {
  const { directory, isForced } = options
  if ((await namesIn(directory)).length > 0) {
    throw new DataDirectoryError('unusable', `${directory} is not empty; import makes a directory of its own`)
  }
  const reader = new ImportReader()
  let number = 0
  for await (const text of options.lines()) reader.take(++number, text)
  reader.end()
  const isWritten = reader.faults.size === 0 || (isForced && reader.hasHeader)
  if (isWritten) await write(options, reader)
  const { state } = reader
  return {
    isWritten,
    faults: [...reader.faults].map(([line, fault]) => `line ${line}: ${fault}`),
    sessions: state.sessions.size,
    messages: reader.messages.size,
    retainedMessages: state.retainedMessages.size,
  }
}

async function write(options: ImportOptions, reader: ImportReader): Promise<void> {
  const { directory, brokerVersion, nowMs } = options
  const made = openDataDirectory({ directory, log: noLog, wallMs: () => nowMs, brokerVersion })
  const keyValue = await made.open()
  try {
    const writer = new DatabaseWriter(keyValue)
    let number = 0
    for await (const text of options.lines()) {
      if (reader.faults.has(++number) || text === '') continue
      const line = JSON.parse(text) as ExportLine
      if (line.kind !== 'message') continue
      const sequence = reader.messages.get(line.message)?.sequence as number
      await writer.message(sequence, { message: messageOf(line), publishedAtMs: msOf(line.publishedAt) })
    }
    await writer.entities(reader.state)
    const nextSequence = reader.lastMessage + 1
    await writer.finish({ nextSequence, nextSession: reader.state.sessions.size + 1, lastKnownMs: nowMs, counters: {} })
  } finally {
    await keyValue.close()
  }
}

const noLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

type Outline = Pick<QueueEntry, 'sequence' | 'byteSize' | 'queuedAtMs' | 'expiresAtMs'>

/** Checks lines, and keeps what they come to but for the content of messages. */
class ImportReader {
  readonly state = new FoldedState()
  readonly messages = new Map<number, Outline>()
  /** By line. */
  readonly faults = new Map<number, string>()
  hasHeader = false
  lastMessage = 0
  #lines = 0
  readonly #numbers = new Map<string, number>()

  take(number: number, text: string): void {
    this.#lines = number
    if (text === '') return
    const fault = this.#fault(text)
    if (fault !== undefined) this.faults.set(number, fault)
  }

  end(): void {
    if (this.#lines === 0) this.faults.set(1, 'the file is empty')
  }

  #fault(text: string): string | undefined {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      return `it is no JSON (${(error as Error).message})`
    }
    const parsed = anyLine.safeParse(value)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      return `${issue?.path.join('.') || 'the object'}: ${issue?.message ?? 'it is not what topiary export writes'}`
    }
    const line = parsed.data
    if (this.hasHeader !== (line.kind !== 'topiary-export')) {
      return this.hasHeader ? 'a second header' : 'the first line must be {"kind":"topiary-export",...}'
    }
    return this.#takeLine(line)
  }

  #takeLine(line: ExportLine): string | undefined {
    switch (line.kind) {
      case 'topiary-export':
        if (line.version > exportVersion) {
          return `version ${line.version} was written by Topiary ${line.writtenBy}; import it with that version or newer`
        }
        this.hasHeader = true
        return undefined
      case 'message':
        return this.#takeMessage(line)
      case 'retained':
        return this.#takeRetained(line)
      case 'session':
        return this.#takeSession(line)
      case 'queued':
        return this.#takeQueued(line)
      case 'waiting':
        return this.#takeWaiting(line)
    }
  }

  #takeMessage(line: Extract<ExportLine, { kind: 'message' }>): string | undefined {
    const { message: sequence } = line
    if (this.messages.has(sequence)) return `message ${sequence} is there twice`
    const message = attempt(() => messageOf(line))
    if (typeof message === 'string') return message
    const { byteSize, expiresAtMs } = message
    // a block to itself: who is owed it, and what stands beside it, may have been changed by hand
    this.lastMessage += MESSAGES_PER_BLOCK
    this.messages.set(sequence, {
      sequence: this.lastMessage,
      byteSize,
      expiresAtMs,
      queuedAtMs: msOf(line.publishedAt),
    })
    return undefined
  }

  #takeRetained(line: Extract<ExportLine, { kind: 'retained' }>): string | undefined {
    if (this.state.retainedMessages.has(line.topic)) return `the retained message of ${line.topic} is there twice`
    const fault = topicNameFault(line.topic, MAXIMUM_TOPIC_LEVELS)
    if (fault !== undefined) return `topic: ${fault}`
    const message = attempt(() => messageOf(line))
    if (typeof message === 'string') return message
    const { publisher } = line
    this.state.restoreRetained({
      topicName: line.topic,
      message,
      ...(publisher !== undefined && { publisher: { ...publisher, user: publisher.user ?? undefined } }),
    })
    return undefined
  }

  #takeSession(line: Extract<ExportLine, { kind: 'session' }>): string | undefined {
    const { clientId, user, expirySeconds, sendQuota, expiresAt, inboundIds, nextPosition, released } = line
    if (this.#numbers.has(clientId)) return `the session of ${clientId} is there twice`
    const session = this.#numbers.size + 1
    this.#numbers.set(clientId, session)
    this.state.sessions.set(session, {
      session,
      clientId,
      user: user ?? undefined,
      expirySeconds,
      sendQuota,
      expiresAtMs: msOf(expiresAt),
      // as after a crash, so that the broker gives each its full time
      isConnected: expiresAt === null,
      subscriptions: subscriptionsOf(line),
      inboundIds: new Set(inboundIds),
      nextPosition,
      queue: new Map(),
      released: new Set(released),
      segments: [],
      backlogFrom: 0,
      withdrawn: [],
    })
    return undefined
  }

  #takeQueued(line: Extract<ExportLine, { kind: 'queued' }>): string | undefined {
    const { clientId, position, qos, retain, subscriptionIdentifiers } = line
    const session = this.state.sessions.get(this.#numbers.get(clientId) ?? -1)
    if (session === undefined) return `there is no session of ${clientId} before it`
    const outline = this.messages.get(line.message)
    if (outline === undefined) return `there is no message ${line.message} before it`
    if (position >= session.nextPosition) return `position ${position} is not below nextPosition of its session`
    if (session.queue.has(position)) return `position ${position} of ${clientId} is there twice`
    session.queue.set(position, { ...outline, position, qos, retain, subscriptionIdentifiers })
    return undefined
  }

  #takeWaiting(line: Extract<ExportLine, { kind: 'waiting' }>): string | undefined {
    const { filter, message, qos, retain, subscriptionIdentifiers } = line
    const outline = this.messages.get(message)
    if (outline === undefined) return `there is no message ${message} before it`
    const waiting = this.state.groups.get(filter) ?? new Map<number, QueueEntry>()
    if (waiting.has(message)) return `message ${message} waits for ${filter} twice`
    waiting.set(message, { ...outline, position: 0, qos, retain, subscriptionIdentifiers })
    this.state.groups.set(filter, waiting)
    return undefined
  }
}

function attempt<T>(task: () => T): T | string {
  try {
    return task()
  } catch (error) {
    return (error as Error).message
  }
}
