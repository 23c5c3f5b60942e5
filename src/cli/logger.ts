import type { Writable } from 'node:stream'
import { pino, type Logger } from 'pino'
import { LineSink } from '../observe/line-sink.ts'
import type { LogLevel } from './log-level.ts'
import type { Terminal } from './terminal.ts'

/** Bytes of log lines that may wait for a slow reader of stderr; later lines are dropped rather than kept. */
const maximumWaitingBytes = 8 * 1024 * 1024

/** How long an end may wait for lines to leave. */
const CLOSE_MS = 2000

/** Never in a log line, even if some caller passes a whole packet. */
const secretFields = ['password', 'payload', '*.password', '*.payload']

/** The broker's log on stderr: JSON lines for machines, short lines for a terminal. */
export function createLogger(level: LogLevel, terminal: Terminal): { readonly log: Logger; close(): Promise<void> } {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretFields, remove: true },
  }
  if (terminal.stderrIsTty) {
    return { log: pino(options, readableDestination(terminal.stderr)), close: () => Promise.resolve() }
  }
  const sink = new LineSink(2, { maximumWaitingBytes })
  return { log: pino(options, sink), close: () => sink.end(CLOSE_MS) }
}

function readableDestination(stderr: Writable): { write(line: string): void } {
  return {
    write: (line) => {
      stderr.write(`${readableLine(line)}\n`)
    },
  }
}

/** `12:34:56.789 info  client connected  clientId=sensor-1 protocolVersion=5` from pino's JSON line. */
export function readableLine(json: string): string {
  const { time, level, msg, ...fields } = JSON.parse(json) as Record<string, unknown>
  const details = Object.entries(fields).map(([name, value]) => `${name}=${readableValue(value)}`)
  const start = `${String(time).slice(11, 23)} ${String(level).padEnd(5)} ${String(msg ?? '')}`
  return [start, ...details].join('  ').trimEnd()
}

/** JSON wherever a bare word could be misread, so that a client identifier cannot forge a line or colour it. */
function readableValue(value: unknown): string {
  if (typeof value === 'string' && /^[\w./:@+-]+$/.test(value)) return value
  return JSON.stringify(value) ?? String(value)
}
