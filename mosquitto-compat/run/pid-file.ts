import { rmSync, writeFileSync } from 'node:fs'
import { OperatorError } from '../../src/cli/cli-error.ts'

export interface PidFile {
  remove(): void
}

/** Writes the number of this process. Throws with a sentence when it cannot. */
export function writePidFile(path: string | undefined): PidFile {
  if (path === undefined) return { remove() {} }
  try {
    writeFileSync(path, String(process.pid))
  } catch (error) {
    throw new OperatorError(`Unable to write pid file: ${(error as Error).message}`, { cause: error })
  }
  return { remove: () => remove(path) }
}

/** Its directory may be root's, who this process no longer is: then it stays, as Mosquitto leaves it. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // nothing to be done about it, and no reason to end badly
  }
}
