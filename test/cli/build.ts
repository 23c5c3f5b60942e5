import { execFile } from 'node:child_process'
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

/**
 * Compiles src/ and devices-sim/ into a folder of its own for `owner` (test files run side by side) and returns the path of its
 * main.js. A layout like the package's: package.json beside dist/. Types are checked elsewhere.
 */
export async function buildCommand(owner: string): Promise<string> {
  const folder = join(root, 'node_modules', '.cache', 'topiary-cli-tests', owner)
  await mkdir(folder, { recursive: true })
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'))
  const compiler = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin', 'tsc')
  const project = ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(folder, 'dist'), '--noCheck']
  await run(process.execPath, [compiler, ...project, '--declaration', 'false', '--sourceMap', 'false'], { cwd: root })
  return join(folder, 'dist', 'src', 'main.js')
}
