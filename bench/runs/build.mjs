// Builds what is missing or older than its source.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../root.mjs'

/** `dist`, where a source is newer than what was made of it. */
export function buildBroker(tell) {
  const made = join(root, 'dist/src/main.js')
  const sources = ['src', 'devices-sim', 'mosquitto-compat', 'tools', 'package.json', 'tsconfig.build.json']
  if (existsSync(join(root, 'dist/chunks')) && newest(sources) < statSync(made).mtimeMs) return
  tell('building dist')
  if (!existsSync(join(root, 'node_modules/typescript'))) {
    throw new Error('node_modules has no typescript: run npm install first')
  }
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error('the build failed; see above')
}

/** The generator in C. False where there is no make or no compiler. */
export function buildGenerator() {
  const { status } = spawnSync('make', ['-s', '-C', join(root, 'bench/load')], { encoding: 'utf8' })
  return status === 0
}

function newest(places) {
  return Math.max(...places.flatMap((place) => filesIn(join(root, place))).map((file) => statSync(file).mtimeMs))
}

function filesIn(place) {
  if (statSync(place).isFile()) return [place]
  return readdirSync(place, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}
