import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** uPlot as it is in its package, to be put into a page, with its licence. */
export function chartLibrary(): { readonly script: string; readonly style: string } {
  const licence = read('LICENSE').trim().replaceAll('*/', '')
  const script = `${read('dist/uPlot.iife.min.js')}\n/*!\n${licence}\n*/`
  return { script: script.replaceAll(/<\/(script)/gi, '<\\/$1'), style: read('dist/uPlot.min.css') }
}

function read(path: string): string {
  return readFileSync(require.resolve(`uplot/${path}`), 'utf8')
}
