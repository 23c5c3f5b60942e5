import { spawn } from 'node:child_process'

const IN_BACKGROUND = 'TOPIARY_IN_BACKGROUND'
const RUNNING = 'running'

/** Whether this process was put into the background by another. */
export function isInBackground(env: Readonly<Record<string, string | undefined>>): boolean {
  return env[IN_BACKGROUND] === '1'
}

/**
 * Starts this program again in the background. Resolves with the exit code for this one: 0 once the broker runs, else
 * what it ended with. What it says until then is said here.
 */
export function startInBackground(say: (text: string) => void): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, [IN_BACKGROUND]: '1' },
  })
  child.stderr?.on('data', (chunk: Buffer) => say(chunk.toString()))
  return new Promise((resolve) => {
    child.on('message', (message) => {
      if (message === RUNNING) resolve(0)
      else say(String(message))
    })
    child.once('error', () => resolve(1))
    child.once('close', (code) => resolve(code ?? 1))
  })
}

/** To the terminal of whoever started it, until the broker runs. */
export function tellStarter(text: string): void {
  if (process.connected) process.send?.(text, ignore)
}

/** To whoever started it: the broker runs. */
export function tellRunning(): void {
  if (process.connected) process.send?.(RUNNING, () => process.disconnect?.())
}

/** Whoever started it may be gone by now. */
function ignore(): void {}
