import type { Readable, Writable } from 'node:stream'

/** What a command sees of the outside: its streams, its environment and the wish that it stop. */
export interface Terminal {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly stderrIsTty: boolean
  readonly stdoutIsTty: boolean
  /** Width of the terminal; undefined where there is none. */
  readonly columns: number | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Resolves at the first SIGINT or SIGTERM; the process ends at once at the second. */
  stopRequested(): Promise<NodeJS.Signals>
  /** Calls `reload` at every SIGHUP from now on. */
  onReload(reload: () => void): void
}

export function processTerminal(): Terminal {
  // A reader that went away (`| head`) must not crash us; commands that live off stdout listen for themselves.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  let stop: Promise<NodeJS.Signals> | undefined
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    stderrIsTty: process.stderr.isTTY,
    stdoutIsTty: process.stdout.isTTY,
    columns: process.stdout.columns ?? process.stderr.columns,
    env: process.env,
    stopRequested: () => (stop ??= firstSignal()),
    onReload: (reload) => void process.on('SIGHUP', reload),
  }
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = 0
    const onSignal = (signal: NodeJS.Signals): void => {
      seen += 1
      if (seen > 1) process.exit(1)
      resolve(signal)
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}
