import { readFileSync } from 'node:fs'

/** The version in package.json, which stands two folders up in the source tree and in the build alike. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
