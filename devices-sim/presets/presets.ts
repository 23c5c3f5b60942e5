import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { packageFile } from '../../src/settings/version.ts'

/** Scenario files that come with the package: path by name. */
export function presets(): Readonly<Record<string, string>> {
  const directory = join(dirname(packageFile()), 'devices-sim', 'presets')
  const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'))
  return Object.fromEntries(files.map((file) => [file.replace(/\.yaml$/, ''), join(directory, file)]))
}
