import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { cp, mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export interface BuiltPackage {
  /** With package.json, dist/ and the files that are not code. */
  readonly folder: string
  /** The program behind `topiary`. */
  readonly topiary: string
  /** The executable in Mosquitto's place. */
  readonly mosquitto: string
}

/** TypeScript's, for node. */
export const compiler = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin/tsc')

const root = fileURLToPath(new URL('../../', import.meta.url))
const asTheyAre = ['package.json', 'devices-sim/presets', 'mosquitto-compat/bin']
const run = promisify(execFile)

let built: Promise<BuiltPackage> | undefined

/**
 * The package as `npm run build` makes it, types unchecked, in a folder of this worker's own, so that nobody's dist/ is
 * waited for or disturbed. Made once for all test files of the worker.
 */
export function builtPackage(): Promise<BuiltPackage> {
  return (built ??= build(ownFolder('topiary-tests')))
}

/** Beside the packages that a build takes in, by the name of this process; those of processes that have ended are removed. */
export function ownFolder(name: string): string {
  const parent = join(root, 'node_modules/.cache', name)
  mkdirSync(parent, { recursive: true })
  for (const other of readdirSync(parent)) {
    if (!existsSync(`/proc/${other}`)) rmSync(join(parent, other), { recursive: true, force: true })
  }
  return join(parent, String(process.pid))
}

async function build(folder: string): Promise<BuiltPackage> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const name of asTheyAre) await cp(join(root, name), join(folder, name), { recursive: true })
  await buildInto(folder)
  return {
    folder,
    topiary: join(folder, 'dist/src/main.js'),
    mosquitto: join(folder, 'mosquitto-compat/bin/mosquitto'),
  }
}

/** What `npm run build` does, into dist/ of a folder. `flags`: the compiler's. */
export async function buildInto(
  folder: string,
  flags: readonly string[] = ['--declaration', 'false', '--sourceMap', 'false'],
): Promise<void> {
  const project = ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(folder, 'dist'), '--noCheck']
  await run(process.execPath, [compiler, ...project, ...flags], { cwd: root })
  await run(process.execPath, [join(root, 'tools/bundle-programs.mjs'), folder], { cwd: root })
}
