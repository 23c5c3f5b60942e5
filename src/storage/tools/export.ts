import type { StoredMessage, StoredPublisher } from '../../contracts/store.ts'
import { inspect, type Inspection } from './doctor-inspect.ts'
import { openScratch } from './doctor-scratch.ts'
import { contentOf, type ExportLine, exportVersion, sessionLine, timeText } from './export-lines.ts'
import type { FoldedState } from './export-state.ts'
import { frameFault } from '../codecs/framed-value.ts'
import type { KeyValue } from '../key-value.ts'
import { readableVersion } from './doctor.ts'
import { decodeBlock } from '../codecs/message-codec.ts'
import { OwedCounts } from '../log/owed-counts.ts'
import { numberIn, rangeOf } from '../codecs/store-keys.ts'

export interface ExportOptions {
  readonly directory: string
  readonly brokerVersion: string
  readonly nowMs: number
  /** A line is out when it resolves. */
  readonly write: (line: ExportLine) => Promise<void>
}

/**
 * Writes what a data directory that no broker uses comes to, and returns what is wrong with it, a sentence each: what
 * is damaged is left out.
 *
 *   topiary-export, then message..., retained..., session..., queued..., waiting...
 */
export async function exportState(options: ExportOptions): Promise<readonly string[]> {
  const { brokerVersion, nowMs, write } = options
  await readableVersion(options.directory)
  const scratch = await openScratch(options.directory)
  try {
    const inspection = await inspect(scratch.keyValue)
    const { state } = inspection
    await write({ kind: 'topiary-export', version: exportVersion, writtenBy: brokerVersion, at: timeText(nowMs) })
    const known = new OwedCounts()
    for await (const [message, stored] of owedMessages(scratch.keyValue, inspection)) {
      known.add(message, 1, false)
      await write({ kind: 'message', message, ...contentOf(stored) })
    }
    for (const { message, publisher } of state.retainedMessages.values()) {
      const content = contentOf({ message, publishedAtMs: nowMs })
      await write({
        kind: 'retained',
        ...content,
        ...(publisher !== undefined && { publisher: publisherOf(publisher) }),
      })
    }
    await writeSessions(state, known, write)
    return [...scratch.faults, ...inspection.faults]
  } finally {
    await scratch.close()
  }
}

function publisherOf({ clientId, user }: StoredPublisher): { clientId: string; user: string | null } {
  return { clientId, user: user ?? null }
}

async function writeSessions(state: FoldedState, known: OwedCounts, write: ExportOptions['write']): Promise<void> {
  for (const session of state.sessions.values()) await write(sessionLine(session))
  for (const { clientId, queue } of state.sessions.values()) {
    for (const { position, sequence, qos, retain, subscriptionIdentifiers } of queue.values()) {
      const place = { message: sequence, qos, retain, subscriptionIdentifiers: [...subscriptionIdentifiers] }
      if (known.has(sequence)) await write({ kind: 'queued', clientId, position, ...place })
    }
  }
  for (const [filter, waiting] of state.groups) {
    for (const { sequence, qos, retain, subscriptionIdentifiers } of waiting.values()) {
      const place = { message: sequence, qos, retain, subscriptionIdentifiers: [...subscriptionIdentifiers] }
      if (known.has(sequence)) await write({ kind: 'waiting', filter, ...place })
    }
  }
}

/** Messages somebody is owed and that can be read, each once. */
export async function* owedMessages(
  keyValue: KeyValue,
  { state, inline }: Inspection,
): AsyncGenerator<readonly [sequence: number, stored: StoredMessage]> {
  const owed = new OwedCounts()
  state.visitOutstanding((sequence) => {
    if (sequence >= 0) owed.add(sequence, 1, false)
  })
  for await (const chunk of keyValue.entries(rangeOf('m'), () => {})) {
    for (const [key, value] of chunk) {
      const messages = frameFault(key, value) ?? decodeBlock(numberIn(key), value)
      if (messages instanceof Error) continue
      for (const [sequence, stored] of messages) {
        if (!owed.has(sequence)) continue
        owed.forget(sequence)
        yield [sequence, stored]
      }
    }
  }
  for (const [sequence, stored] of inline) if (owed.has(sequence)) yield [sequence, stored]
}
