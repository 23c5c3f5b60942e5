import { execFile } from 'node:child_process'
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../..')

/** Compiles broker and guard into a folder of their own and returns the path of its `dist`. Types are checked elsewhere. */
export async function buildGuard(): Promise<string> {
  const folder = join(root, 'node_modules/.cache/topiary-guard')
  await mkdir(folder, { recursive: true })
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'))
  const compiler = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin/tsc')
  const project = ['-p', join(import.meta.dirname, 'tsconfig.json'), '--outDir', join(folder, 'dist')]
  await promisify(execFile)(process.execPath, [compiler, ...project], { cwd: root })
  return join(folder, 'dist')
}
