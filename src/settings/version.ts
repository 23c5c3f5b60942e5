import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** The package.json of this package, which stands at another distance in the source tree and in the build. */
export function packageFile(): string {
  return createRequire(import.meta.url).resolve('topiary-mqtt/package.json')
}

/** The version in package.json. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile(), 'utf8')) as { version: string }).version
}
