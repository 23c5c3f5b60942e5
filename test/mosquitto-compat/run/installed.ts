import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildCommand } from '../../cli/build.ts'

const launcher = fileURLToPath(new URL('../../../mosquitto-compat/bin/mosquitto', import.meta.url))

/** The `mosquitto` executable as it lies in the package, compiled for `owner`; beside it `topiary`'s main.js. */
export async function installMosquitto(owner: string): Promise<{ mosquitto: string; topiary: string }> {
  const topiary = await buildCommand(owner)
  const folder = join(topiary, '../../../mosquitto-compat/bin')
  mkdirSync(folder, { recursive: true })
  const mosquitto = join(folder, 'mosquitto')
  copyFileSync(launcher, mosquitto)
  return { mosquitto, topiary }
}
