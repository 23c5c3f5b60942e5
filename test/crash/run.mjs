// The crash harness: `npm run test:crash -- --kills 200`. Compiles broker and harness into a folder of their own, then
// runs test/crash/main.ts with the flags it was given. `--build` only compiles, `--built` uses what was compiled last.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = import.meta.dirname
const root = join(here, '../..')
const folder = join(root, 'node_modules/.cache/topiary-crash')
const flags = process.argv.slice(2).filter((flag) => flag !== '--build' && flag !== '--built')

if (!process.argv.includes('--built')) build()
if (!process.argv.includes('--build')) {
  const main = join(folder, 'dist/test/crash/main.js')
  const source = join(here, 'last-synced.c')
  const { status } = spawnSync(process.execPath, [main, '--source', source, ...flags], { stdio: 'inherit' })
  process.exit(status ?? 1)
}

function build() {
  mkdirSync(folder, { recursive: true })
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'))
  const compiler = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin/tsc')
  const project = ['-p', join(here, 'tsconfig.json'), '--outDir', join(folder, 'dist')]
  const { status } = spawnSync(process.execPath, [compiler, ...project], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
