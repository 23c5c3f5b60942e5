import { statSync } from 'node:fs'

const INTERVAL_MS = 1000

/**
 * Calls `moved` when a file that was there is gone or another one: logrotate has been here. Returns how to stop.
 * Stands in for SIGRTMIN where Node.js cannot hear it.
 */
export function watchMoves(files: () => readonly string[], moved: () => void): () => void {
  let seen = identities(files())
  const timer = setInterval(() => {
    const now = identities(files())
    const isMoved = [...now].some(([file, identity]) => seen.has(file) && seen.get(file) !== identity)
    seen = now
    if (!isMoved) return
    moved()
    seen = identities(files())
  }, INTERVAL_MS)
  timer.unref()
  return () => clearInterval(timer)
}

function identities(files: readonly string[]): Map<string, number | undefined> {
  return new Map(files.map((file) => [file, identityOf(file)]))
}

/** Undefined also for what may not be looked at any more. */
function identityOf(file: string): number | undefined {
  try {
    return statSync(file).ino
  } catch {
    return undefined
  }
}
