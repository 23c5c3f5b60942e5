// Second step of `npm run build`: the programs of dist/ become a few files in place of the hundreds they import, which
// halves the time until the broker listens. The modules stay beside them for those who import the package.
//   node tools/bundle-programs.mjs [FOLDER]      the folder of dist/, the project's by default
import { chmodSync, copyFileSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { rolldown } from 'rolldown'

const programs = ['src/main', 'mosquitto-compat/run/main', 'devices-sim/run/worker-process']
const dist = resolve(process.argv[2] ?? join(import.meta.dirname, '..'), 'dist')

const isPackage = (specifier) => !/^[./]/.test(specifier)
// zod alone is a hundred modules; the other packages are found where they are installed
const external = (specifier) => isPackage(specifier) && specifier !== 'zod'

const input = Object.fromEntries(programs.map((program) => [program, join(dist, `${program}.js`)]))
const bundle = await rolldown({ input, external, platform: 'node' })
const naming = { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' }
const { output } = await bundle.write({ ...naming, dir: dist, format: 'esm' })
await bundle.close()

const license = 'chunks/LICENSE.zod'
copyFileSync(join(import.meta.dirname, '../node_modules/zod/LICENSE'), join(dist, license))

for (const program of programs) {
  rmSync(join(dist, `${program}.js.map`), { force: true }) // of what stood there before
  chmodSync(join(dist, `${program}.js`), 0o755) // npm sets this at the first link only
}

const made = new Set([license, ...output.map(({ fileName }) => fileName)])
for (const name of readdirSync(join(dist, 'chunks'))) {
  if (!made.has(`chunks/${name}`)) rmSync(join(dist, 'chunks', name)) // of an earlier build
}
