// Every row of the benchmark, as data:
//   name, group, title    how it is called; --list shows them
//   scenario, flags       what the generator is told (bench/load/loadgen --help), or `script`, a module of its own
//   arms                  the columns: a peer, and its own flags for the generator and for its start
//   fresh, before         a broker process for each run, and the pass before the one that is measured
//   once                  takes long and is not of the kind that varies: one round will do
//   metrics               keys of the generator's line, with targets: `arm` at most `most` times `of`, or `most` itself
import { growthRows } from './rows/growth-rows.mjs'
import { tableRows } from './rows/table-rows.mjs'
import { variantGroup } from './rows/variant-rows.mjs'

export const rows = [...tableRows, ...variantGroup, ...growthRows]

export const groups = ['table', 'variants', 'growth', 'durable', 'all']

/** Rows of a group, or those named. Throws with the name that is none. */
export function selectRows(group, names) {
  if (names.length === 0) return rows.filter((row) => group === 'all' || row.group === group)
  return names.map((name) => {
    const row = rows.find((candidate) => candidate.name === name)
    if (row === undefined) throw new Error(`there is no row ${name}; --list names them all`)
    return row
  })
}
