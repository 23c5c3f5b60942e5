import type { Option, State } from '../conf/option.ts'
import { optionSections } from '../conf/options.ts'
import { otherSections } from './other-rows.ts'

const OPTION_TESTS = 'mosquitto-compat/options.test.ts'

/** The README with everything between `<!-- NAME -->` and `<!-- end of NAME -->` written anew. */
export function filledReadme(readme: string): string {
  const parts = { count: countText(), options: optionTables(), 'everything else': otherTables() }
  let filled = readme
  for (const [name, text] of Object.entries(parts)) {
    const [start, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`]
    const [from, to] = [filled.indexOf(start), filled.indexOf(end)]
    if (from === -1 || to < from) throw new Error(`the README has no ${start} followed by ${end}`)
    filled = `${filled.slice(0, from + start.length)}\n\n${text}\n\n${filled.slice(to)}`
  }
  return filled
}

/** Options of Mosquitto outside bridges and plugins: how many there are, and how many do the same here. */
export function countOptions(): { readonly same: number; readonly all: number } {
  const { Plugins: _plugins, Bridges: _bridges, 'Of Topiary alone': _own, ...others } = optionSections
  const options: Option[] = Object.values(others).flatMap((section) => Object.values(section))
  return { same: options.filter(({ state }) => state === 'same').length, all: options.length }
}

/** `FILE of test/: title` of the test of an option that does the same here. */
export function testOf(name: string, { test }: Option): string {
  return test ?? `${OPTION_TESTS}: ${name}`
}

function countText(): string {
  const { same, all } = countOptions()
  const percent = Math.floor((same / all) * 100)
  return `Of the ${all} options outside bridges and plugins ${same} do here what they do there (${percent} %).`
}

function optionTables(): string {
  const head = ['| option | default | state | here | test |', '|---|---|---|---|---|']
  const tables = Object.entries(optionSections).map(([title, section]) => {
    const rows = Object.entries<Option>(section).map(([name, option]) => optionRow(name, option))
    return [`### ${title}`, '', ...head, ...rows].join('\n')
  })
  return tables.join('\n\n')
}

function optionRow(name: string, option: Option): string {
  const marks = [option.since, option.deprecated && 'deprecated'].filter((mark) => mark !== undefined)
  const label = marks.length === 0 ? `\`${name}\`` : `\`${name}\` (${marks.join(', ')})`
  const test = option.state === 'same' ? testOf(name, option) : ''
  return rowOf([label, option.usual, stateText(option.state), option.says, test])
}

function otherTables(): string {
  const head = ['| what | state | here | test |', '|---|---|---|---|']
  const tables = Object.entries(otherSections).map(([title, rows]) => {
    const lines = rows.map(({ what, state, says, test = '' }) => rowOf([what, stateText(state), says, test]))
    return [`### ${title}`, '', ...head, ...lines].join('\n')
  })
  return tables.join('\n\n')
}

function stateText(state: State): string {
  return state === 'not applicable' ? 'not supported' : state
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
