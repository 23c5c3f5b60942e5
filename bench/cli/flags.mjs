// What `npm run bench` is told. Faults are UsageErrors: what was expected, and what to do.
import { parseArgs } from 'node:util'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { peers } from '../peers/peers.mjs'
import { groups } from '../rows.mjs'

export class UsageError extends Error {}

const options = {
  row: { type: 'string', default: '', help: 'NAME[,NAME]  these rows instead of a group' },
  group: { type: 'string', default: 'table', help: `${groups.join('|')}  rows that belong together (table)` },
  rounds: { type: 'string', default: '5', help: 'N  runs of each arm, in turn (5)' },
  duration: { type: 'string', default: '2', help: 'S  measured seconds of a run (2)' },
  peers: { type: 'string', default: '', help: 'A,B  only these (all that are found)' },
  generator: { type: 'string', default: '', help: 'c|sim  load generator (c where a compiler is found)' },
  baseline: { type: 'string', default: '', help: 'DIR  a checkout with its dist built, as one more peer' },
  out: { type: 'string', default: '', help: 'NAME  write bench/results/NAME.json and .html (the date; see README)' },
  list: { type: 'boolean', default: false, help: 'name the rows and their targets, measure nothing' },
  durable: { type: 'boolean', default: false, help: 'kept sessions and disk: bench/durable.mjs, with its own flags' },
  help: { type: 'boolean', default: false, help: 'this text' },
}

export const helpText = [
  'npm run bench -- [flags]     Topiary beside other brokers: broker CPU time per message, as ratios\n',
  ...Object.entries(options).map(([name, { help }]) => `  --${name.padEnd(10)} ${help}`),
  '\nExit codes: 0 measured (targets may be missed), 1 Topiary lost, repeated or reordered messages, or a run of it',
  'failed, 2 wrong flags. bench/README.md says what the rows and columns mean.',
].join('\n')

export function readFlags(words) {
  const { row, group, rounds, duration, peers: only, generator, baseline, out, list, help } = parsed(words)
  return {
    help,
    list,
    rows: names(row),
    group: oneOf('group', group, groups),
    rounds: numberIn('rounds', rounds, 1, 100, true),
    duration: numberIn('duration', duration, 0.1, 600, false),
    peers: names(only).map((name) => oneOf('peers', name, Object.keys(peers))),
    generator: generator === '' ? undefined : oneOf('generator', generator, ['c', 'sim']),
    baseline: baseline === '' ? undefined : builtCheckout(baseline),
    out: fileName(out),
  }
}

function parsed(words) {
  try {
    return parseArgs({ args: words, options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new UsageError(`${error.message.split('. ')[0]}; --help names the flags`)
  }
}

const names = (text) => text.split(',').filter((name) => name !== '')

function oneOf(flag, value, choices) {
  if (choices.includes(value)) return value
  throw new UsageError(`--${flag} ${value} is not known; give one of ${choices.join(', ')}`)
}

function numberIn(flag, text, least, most, isWhole) {
  const value = Number(text)
  if (text.trim() !== '' && value >= least && value <= most && (!isWhole || Number.isInteger(value))) return value
  throw new UsageError(`--${flag} ${text} is no ${isWhole ? 'whole ' : ''}number from ${least} to ${most}`)
}

function builtCheckout(directory) {
  if (existsSync(join(directory, 'dist/src/main.js'))) return resolve(directory)
  throw new UsageError(`--baseline ${directory} has no dist/src/main.js; run npm run build there first`)
}

function fileName(name) {
  if (/^[\w.-]*$/.test(name)) return name
  throw new UsageError(`--out ${name} is no plain file name; use letters, digits, dots and dashes`)
}
