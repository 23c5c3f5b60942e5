import { readFileSync } from 'node:fs'

/** The text of a file that a scenario names. Throws an Error with the path and where it was looked for. */
export function readNamedFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(`${path} cannot be read (${code ?? String(error)}); it is looked for beside the scenario file`, {
      cause: error,
    })
  }
}
