import { PassThrough, Readable } from 'node:stream'
import type { Terminal } from '../../src/cli/terminal.ts'

/** A terminal that keeps what was written to it. */
export interface FakeTerminal extends Terminal {
  out(): string
  err(): string
}

export function fakeTerminal(): FakeTerminal {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const written = { out: '', err: '' }
  stdout.on('data', (chunk: Buffer) => (written.out += chunk.toString()))
  stderr.on('data', (chunk: Buffer) => (written.err += chunk.toString()))
  return {
    stdin: Readable.from([]),
    stdout,
    stderr,
    stderrIsTty: false,
    stdoutIsTty: false,
    columns: undefined,
    env: {},
    stopRequested: () => new Promise(() => {}),
    onReload: () => {},
    out: () => written.out,
    err: () => written.err,
  }
}
