import { spawn, type ChildProcess } from 'node:child_process'
import { openSync } from 'node:fs'
import { pino } from 'pino'
import type { LogDestination, LogTerms, LogType } from '../process-terms.ts'
import { strftime } from './strftime.ts'

/** Bytes of lines that may wait for a slow reader; later lines are dropped rather than kept. */
const MAXIMUM_WAITING_BYTES = 8 * 1024 * 1024

/** Letters of `$SYS/broker/log/...` by type; other types are never published. */
const topics: Readonly<Partial<Record<LogType, string>>> = {
  error: 'E',
  warning: 'W',
  notice: 'N',
  information: 'I',
  websockets: 'WS',
  subscribe: 'M/subscribe',
  unsubscribe: 'M/unsubscribe',
}

/** Severities of syslog. */
const severities: Readonly<Record<LogType, number>> = {
  error: 3,
  warning: 4,
  notice: 5,
  information: 6,
  debug: 7,
  subscribe: 7,
  unsubscribe: 7,
  websockets: 7,
  internal: 7,
}
const DAEMON = 3
const LOCAL_0 = 16

type Sink = ReturnType<typeof pino.destination>

export interface LineWriterParts {
  readonly now: () => Date
  /** Publishes to `$SYS/broker/log/...`. */
  readonly publish: (topicName: string, line: string) => void
  /** In the place of stdout and stderr. */
  readonly terminal?: ((text: string) => void) | undefined
  /** Program that hands lines to syslog; util-linux's when left out. */
  readonly logger?: string
}

/** Lines in Mosquitto's form, to where its log goes. */
export class LineWriter {
  readonly #parts: LineWriterParts
  #terms: LogTerms
  #sinks: Sink[] = []
  #syslog: ChildProcess | undefined
  #isTopic = false
  #isTerminal = false

  /** Throws when a file cannot be opened. */
  constructor(terms: LogTerms, parts: LineWriterParts) {
    this.#parts = parts
    this.#terms = terms
    this.#open(terms)
  }

  wants(type: LogType): boolean {
    return this.#terms.types.has(type) && this.#terms.destinations.length > 0
  }

  get tellsConnections(): boolean {
    return this.#terms.connectionMessages
  }

  write(type: LogType, text: string): void {
    if (!this.wants(type)) return
    const line = `${this.#stamp()}${text}`
    for (const sink of this.#sinks) sink.write(`${line}\n`)
    if (this.#isTerminal) this.#parts.terminal?.(`${line}\n`)
    this.#syslog?.stdin?.write(`<${this.#facility() * 8 + severities[type]}>${text}\n`)
    const topic = topics[type]
    if (this.#isTopic && topic !== undefined) this.#parts.publish(`$SYS/broker/log/${topic}`, line)
  }

  /** Other terms from now on; files are closed and opened again. Throws when that fails: all stays as it was. */
  change(terms: LogTerms): void {
    const [sinks, syslog] = [this.#sinks, this.#syslog]
    this.#open(terms)
    this.#terms = terms
    for (const sink of sinks) sink.end()
    if (syslog !== this.#syslog) syslog?.stdin?.end()
  }

  /** Files that were moved away are made anew. */
  reopen(): void {
    this.change(this.#terms)
  }

  /** What is written so far has left. */
  close(): void {
    for (const sink of this.#sinks) sink.flushSync()
    this.#syslog?.stdin?.end()
  }

  #open(terms: LogTerms): void {
    const sinks: Sink[] = []
    try {
      for (const destination of terms.destinations) {
        const sink = isTerminal(destination) && this.#parts.terminal !== undefined ? undefined : openSink(destination)
        if (sink !== undefined) sinks.push(sink)
      }
    } catch (error) {
      for (const sink of sinks) sink.end()
      throw error
    }
    this.#sinks = sinks
    this.#isTerminal = terms.destinations.some(isTerminal)
    this.#isTopic = terms.destinations.some(({ kind }) => kind === 'topic')
    const wantsSyslog = terms.destinations.some(({ kind }) => kind === 'syslog')
    this.#syslog = wantsSyslog ? (this.#syslog ?? this.#startLogger()) : undefined
  }

  /** Node has no sockets of the kind syslog listens on; the program `logger` has. */
  #startLogger(): ChildProcess {
    const logger = spawn(this.#parts.logger ?? 'logger', ['--prio-prefix', '--tag', 'mosquitto', '--id'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const lost = (): void => {
      if (this.#syslog === logger) this.#syslog = undefined
    }
    logger.on('error', lost)
    logger.on('exit', lost)
    logger.stdin.on('error', lost)
    logger.unref()
    return logger
  }

  #facility(): number {
    const { facility } = this.#terms
    return facility === 'daemon' ? DAEMON : LOCAL_0 + facility
  }

  #stamp(): string {
    const { timestamps, timestampFormat } = this.#terms
    if (!timestamps) return ''
    const now = this.#parts.now()
    return `${timestampFormat === undefined ? Math.floor(now.getTime() / 1000) : strftime(timestampFormat, now)}: `
  }
}

function isTerminal({ kind }: LogDestination): boolean {
  return kind === 'stdout' || kind === 'stderr'
}

/** Undefined for what is no stream. Opening happens at once, so that what is wrong is known at once. */
function openSink(destination: LogDestination): Sink | undefined {
  const options = { maxLength: MAXIMUM_WAITING_BYTES, minLength: 0 }
  switch (destination.kind) {
    case 'stdout':
      return pino.destination({ dest: 1, sync: false, ...options })
    case 'stderr':
      return pino.destination({ dest: 2, sync: false, ...options })
    case 'file': {
      try {
        const fd = openSync(destination.path, 'a', 0o640)
        return pino.destination({ dest: fd, sync: false, ...options })
      } catch (error) {
        throw new Error(`cannot open the log file ${destination.path}: ${(error as Error).message}`, { cause: error })
      }
    }
    default:
      return undefined
  }
}
