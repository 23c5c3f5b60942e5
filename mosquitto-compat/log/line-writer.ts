import { spawn, type ChildProcess } from 'node:child_process'
import { constants, openSync } from 'node:fs'
import { OperatorError } from '../../src/cli/cli-error.ts'
import { LineSink } from '../../src/observe/line-sink.ts'
import type { LogDestination, LogTerms, LogType } from '../process-terms.ts'
import { strftime } from './strftime.ts'

/** Bytes of lines that may wait for a slow reader; later lines are dropped rather than kept. */
const MAXIMUM_WAITING_BYTES = 8 * 1024 * 1024
/** A program that hands lines to syslog and ends is not started more often. */
const LOGGER_RETRY_MS = 5000
/** How long an end may wait for lines to leave. */
const CLOSE_MS = 2000

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
  #sinks: LineSink[] = []
  #syslog: ChildProcess | undefined
  #loggerStartedAtMs = -Infinity
  #isSyslog = false
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
    const told = escaped(text)
    const line = `${this.#stamp()}${told}`
    for (const sink of this.#sinks) sink.write(`${line}\n`)
    if (this.#isTerminal) this.#parts.terminal?.(`${line}\n`)
    if (this.#isSyslog) this.#tellLogger(`<${this.#facility() * 8 + severities[type]}>${told}\n`)
    const topic = topics[type]
    if (this.#isTopic && topic !== undefined) this.#parts.publish(`$SYS/broker/log/${topic}`, line)
  }

  /** Other terms from now on; files are closed and opened again. Throws when that fails: all stays as it was. */
  change(terms: LogTerms): void {
    const [sinks, syslog] = [this.#sinks, this.#syslog]
    this.#open(terms)
    this.#terms = terms
    for (const sink of sinks) void sink.end(CLOSE_MS)
    if (syslog !== this.#syslog) syslog?.stdin?.end()
  }

  /** Files that were moved away are made anew. */
  reopen(): void {
    this.change(this.#terms)
  }

  /** What is written so far has left, or cannot: a full disk and a pipe that nobody reads hold up no end. */
  async close(): Promise<void> {
    this.#syslog?.stdin?.end()
    await Promise.all(this.#sinks.map((sink) => sink.end(CLOSE_MS)))
  }

  #open(terms: LogTerms): void {
    const sinks: LineSink[] = []
    try {
      for (const destination of terms.destinations) {
        const sink =
          isTerminal(destination) && this.#parts.terminal !== undefined ? undefined : this.#openSink(destination)
        if (sink !== undefined) sinks.push(sink)
      }
    } catch (error) {
      for (const sink of sinks) void sink.end(0)
      throw error
    }
    this.#sinks = sinks
    this.#isTerminal = terms.destinations.some(isTerminal)
    this.#isTopic = terms.destinations.some(({ kind }) => kind === 'topic')
    this.#isSyslog = terms.destinations.some(({ kind }) => kind === 'syslog')
    this.#syslog = this.#isSyslog ? (this.#syslog ?? this.#startLogger()) : undefined
  }

  /** Undefined for what is no stream. Opening happens at once, so that what is wrong is known at once. */
  #openSink(destination: LogDestination): LineSink | undefined {
    const descriptor = descriptorOf(destination)
    if (descriptor === undefined) return undefined
    return new LineSink(descriptor, { maximumWaitingBytes: MAXIMUM_WAITING_BYTES })
  }

  /** One that is gone is started again, but not for each line; one that does not read is told no more. */
  #tellLogger(line: string): void {
    if (this.#syslog === undefined && this.#parts.now().getTime() - this.#loggerStartedAtMs >= LOGGER_RETRY_MS) {
      this.#syslog = this.#startLogger()
    }
    const input = this.#syslog?.stdin
    if (input && input.writableLength < MAXIMUM_WAITING_BYTES) input.write(line)
  }

  /** Node has no sockets of the kind syslog listens on; the program `logger` has. */
  #startLogger(): ChildProcess {
    this.#loggerStartedAtMs = this.#parts.now().getTime()
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

function descriptorOf({ kind, ...rest }: LogDestination): number | undefined {
  if (kind === 'stdout') return 1
  if (kind === 'stderr') return 2
  return 'path' in rest ? openLogFile(rest.path as string) : undefined
}

/** To wait for somebody to read a named pipe would hold up the broker, so opening one that nobody reads fails. */
function openLogFile(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK = 0 } = constants
  try {
    return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o640)
  } catch (error) {
    throw new OperatorError(`cannot open the log file ${path}: ${(error as Error).message}`, { cause: error })
  }
}

/** What clients call themselves and their topics can neither end a line nor move a cursor. */
function escaped(text: string): string {
  return controls.test(text) ? text.replaceAll(allControls, escapeOf) : text
}

const controls = /[^\P{Cc}\t]|[\u2028\u2029]/u
const allControls = new RegExp(controls, 'gu')

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
