import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { AuthFileError } from './auth-file-error.ts'

export interface SecretFile {
  readonly bytes: Buffer
  /** The bytes as UTF-8. */
  readonly text: string
  /** Sentences for the log. */
  readonly warnings: readonly string[]
}

/**
 * Reads a file of passwords or keys. Throws an AuthFileError when it cannot be read or when everybody may write it.
 * Windows has no such modes; nothing is checked there.
 */
export function readSecretFile(path: string): SecretFile {
  const { bytes, mode } = readWithMode(path)
  if ((mode & 0o002) !== 0) throw new AuthFileError(`${path} can be written by everybody; chmod 600 ${path}`)
  const warnings = (mode & 0o004) === 0 ? [] : [`${path} can be read by everybody; chmod 600 ${path}`]
  return { bytes, text: bytes.toString('utf8'), warnings }
}

/** The mode is that of the very file read, whatever its name leads to a moment later. */
function readWithMode(path: string): { bytes: Buffer; mode: number } {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, 'r')
    const mode = process.platform === 'win32' ? 0 : fstatSync(descriptor).mode
    return { bytes: readFileSync(descriptor), mode }
  } catch (error) {
    throw new AuthFileError(`cannot read ${path}: ${(error as Error).message}`, { cause: error })
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
