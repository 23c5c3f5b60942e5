import { logTypes, type LogTerms, type LogType, usualLogTypes } from '../process-terms.ts'
import { LineWriter } from './line-writer.ts'
import { MosquittoLog } from './mosquitto-log.ts'

/** Types of lines by the least level of Topiary's own settings. */
const typesByLevel: Readonly<Record<string, readonly LogType[]>> = {
  debug: logTypes,
  info: usualLogTypes,
  warn: ['error', 'warning'],
  error: ['error'],
  silent: [],
}

function termsOf(level: string): LogTerms {
  return {
    destinations: [{ kind: 'stderr' }],
    types: new Set(typesByLevel[level] ?? usualLogTypes),
    facility: 'daemon',
    timestamps: true,
    timestampFormat: undefined,
    connectionMessages: true,
  }
}

/** Mosquitto's lines on stderr, for brokers with settings of Topiary's own. */
export class LeveledMosquittoLog extends MosquittoLog {
  readonly #writer: LineWriter
  #level: string

  constructor(level: string) {
    const writer = new LineWriter(termsOf(level), { now: () => new Date(), publish() {} })
    super(writer, '2.1')
    this.#writer = writer
    this.#level = level
  }

  close(): Promise<void> {
    return this.#writer.close()
  }

  get level(): string {
    return this.#level
  }

  set level(level: string) {
    if (level === this.#level) return
    this.#level = level
    this.#writer.change(termsOf(level))
  }
}
