// bench/results/NAME.json with every run, and NAME.html with the charts.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../root.mjs'
import { htmlPage } from './html-page.mjs'

/**
 * Rows measured before under the same name stay, with the run they belong to, unless they were measured again: a day's
 * page shows them all.
 */
export function writeResults(name, run, results) {
  const directory = join(root, 'bench/results')
  mkdirSync(directory, { recursive: true })
  const [json, html] = ['json', 'html'].map((ending) => join(directory, `${name}.${ending}`))
  const again = new Set(results.map(({ summary }) => summary.name))
  const before = existsSync(json) ? JSON.parse(readFileSync(json, 'utf8')).rows : []
  const rows = [
    ...before.filter(({ summary }) => !again.has(summary.name)),
    ...results.map((result) => ({ ...result, run })),
  ]
  writeFileSync(json, `${JSON.stringify({ run, rows }, null, 1)}\n`)
  writeFileSync(html, htmlPage(run, rows))
  return [json, html]
}
