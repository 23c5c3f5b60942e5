import { type ChildProcess, spawn } from 'node:child_process'

/** A client program that runs beside the test. */
export interface SpawnedClient {
  /** The first line of stdout or stderr, past or to come, that matches; rejects when the program ends without one. */
  line(pattern: RegExp): Promise<string>
  /** What it wrote to stdout and stderr, and how it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
  readonly pid: number
  kill(signal: NodeJS.Signals): void
  /** As `| head` does: what it writes to stdout from now on meets a closed pipe. */
  closeStdout(): void
}

const running = new Set<ChildProcess>()

export function spawnClient(command: string, args: readonly string[], input = ''): SpawnedClient {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  running.add(child)
  const written = { out: '', err: '' }
  const waiting = new Set<() => void>()
  let hasEnded = false
  const settle = (): void => {
    for (const check of waiting) check()
  }
  child.stdout.on('data', (chunk: Buffer) => {
    written.out += chunk.toString()
    settle()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    written.err += chunk.toString()
    settle()
  })
  child.stdin.on('error', () => {}) // it may end before it has read everything
  child.stdin.end(input)
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      running.delete(child)
      hasEnded = true
      settle()
      resolve({ code, ...written })
    })
  })
  return {
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = `${written.out}\n${written.err}`.split('\n').find((line) => pattern.test(line))
          if (found === undefined && !hasEnded) return
          waiting.delete(check)
          if (found !== undefined) resolve(found)
          else reject(new Error(`${command} ended without ${pattern}:\n${written.out}${written.err}`))
        }
        waiting.add(check)
        check()
      }),
    ended,
    pid: child.pid ?? 0,
    kill: (signal) => child.kill(signal),
    closeStdout: () => child.stdout.destroy(),
  }
}

/** For `afterEach`: a test that failed leaves no program behind. */
export function killSpawnedClients(): void {
  for (const child of running) child.kill('SIGKILL')
}
