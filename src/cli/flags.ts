import { parseArgs } from 'node:util'
import { UsageError } from './cli-error.ts'
import { nearest } from '../documents/nearest.ts'

interface FlagBase {
  /** One letter, for `-x`. */
  readonly short?: string
  readonly help: string
  /** Needs MQTT 5.0 on the wire. */
  readonly mqtt5?: true
  /** What other programs call it, dashes included; who writes that is pointed here. */
  readonly insteadOf?: readonly string[]
}

interface ValueFlagBase extends FlagBase {
  /** The value's name in the help text. */
  readonly value: string
  /** May be given several times; the value is then a list. */
  readonly many?: true
  /** What stands alone, without a flag in front, is its value. */
  readonly positional?: true
}

interface IntegerFlag extends ValueFlagBase {
  readonly kind: 'integer'
  readonly min: number
  readonly max: number
  readonly default?: number
}

interface ChoiceFlag extends ValueFlagBase {
  readonly kind: 'choice'
  readonly choices: readonly string[]
  /** Other spellings of the choices. */
  readonly aliases?: Readonly<Record<string, string>>
  readonly default?: string
}

export type Flag =
  | (FlagBase & { readonly kind: 'switch' })
  | (ValueFlagBase & { readonly kind: 'text'; readonly default?: string })
  | IntegerFlag
  | ChoiceFlag

/** Flags by their long name. Parsing and help text both come from here. */
export type FlagTable = Readonly<Record<string, Flag>>

type SingleValue<F extends Flag> = F extends { readonly kind: 'integer' }
  ? number
  : F extends { readonly choices: readonly (infer Choice)[] }
    ? Choice
    : string

type FlagValue<F extends Flag> = F extends { readonly kind: 'switch' }
  ? boolean
  : F extends { readonly many: true }
    ? readonly SingleValue<F>[]
    : F extends { readonly default: string | number }
      ? SingleValue<F>
      : SingleValue<F> | undefined

export type FlagValues<T extends FlagTable> = { readonly [Name in keyof T]: FlagValue<T[Name]> }

type ParsedValue = boolean | string | number | (string | number)[] | undefined

/** Reads `argv` by `table`; throws a UsageError at the first thing that is not in it. */
export function parseFlags<T extends FlagTable>(table: T, argv: readonly string[]): FlagValues<T> {
  const values = emptyValues(table)
  const given = new Set<string>()
  for (const token of tokensOf(table, argv)) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      const name = Object.keys(table).find((candidate) => isPositional(table[candidate]) && !given.has(candidate))
      if (name === undefined) throw new UsageError(unexpectedArgument(table, token.value))
      given.add(name)
      values.set(name, readValue(table[name] as ValueFlag, name, token.value))
      continue
    }
    const flag = Object.hasOwn(table, token.name) ? table[token.name] : undefined
    if (flag === undefined) throw new UsageError(unknownFlag(table, token.rawName))
    if (flag.kind === 'switch') {
      if (token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`)
      values.set(token.name, true)
      continue
    }
    const text = token.value
    if (text === undefined || (!token.inlineValue && isFlagOf(table, text))) {
      throw new UsageError(`${token.rawName} needs a value: --${token.name} ${flag.value}`)
    }
    if (!flag.many && given.has(token.name)) throw new UsageError(`--${token.name} may be given only once`)
    given.add(token.name)
    const value = readValue(flag, token.rawName, text)
    const list = values.get(token.name)
    if (Array.isArray(list)) list.push(value)
    else values.set(token.name, value)
  }
  return Object.fromEntries(values) as FlagValues<T>
}

/** Whether `--help` stands anywhere before `--`, or `-h` where it is no value of another flag. */
export function asksForHelp(table: FlagTable, argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  const seen = end === -1 ? argv : argv.slice(0, end)
  if (seen.includes('--help')) return true
  return tokensOf(table, seen).some((token) => token.kind === 'option' && token.rawName === '-h')
}

/** The first flag of `table` that is set in `values` and needs MQTT 5.0. */
export function firstMqtt5Flag(table: FlagTable, values: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(table).find((name) => {
    const value = values[name]
    const isSet = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false
    return table[name]?.mqtt5 === true && isSet
  })
}

function emptyValues(table: FlagTable): Map<string, ParsedValue> {
  const values = new Map<string, ParsedValue>()
  for (const [name, flag] of Object.entries(table)) {
    if (flag.kind === 'switch') values.set(name, false)
    else values.set(name, flag.many ? [] : flag.default)
  }
  return values
}

function tokensOf(table: FlagTable, argv: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, flag]) => [
      name,
      { type: flag.kind === 'switch' ? ('boolean' as const) : ('string' as const), ...shortOf(flag) },
    ]),
  )
  // Not strict: the tokens are judged here, so that a message can name the flag that was meant.
  return parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true }).tokens
}

function shortOf(flag: Flag): { short?: string } {
  return flag.short === undefined ? {} : { short: flag.short }
}

type ValueFlag = Exclude<Flag, { kind: 'switch' }>

function readValue(flag: ValueFlag, rawName: string, text: string): string | number {
  if (flag.kind === 'text') return text
  if (flag.kind === 'choice') {
    const choice = flag.aliases !== undefined && Object.hasOwn(flag.aliases, text) ? flag.aliases[text] : text
    if (choice !== undefined && flag.choices.includes(choice)) return choice
    throw new UsageError(`${rawName} takes one of ${flag.choices.join(', ')}, not "${text}"`)
  }
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number >= flag.min && number <= flag.max) return number
  throw new UsageError(`${rawName} takes a whole number from ${flag.min} to ${flag.max}, not "${text}"`)
}

function isPositional(flag: Flag | undefined): boolean {
  return flag !== undefined && flag.kind !== 'switch' && flag.positional === true
}

function unknownFlag(table: FlagTable, rawName: string): string {
  const other = Object.entries(table).find(([, flag]) => flag.insteadOf?.includes(rawName))
  if (other !== undefined) return `unknown flag ${rawName}; use --${other[0]}: ${other[1].help}`
  const meant = rawName.startsWith('--') ? nearest(rawName.slice(2), Object.keys(table)) : undefined
  return `unknown flag ${rawName}${meant === undefined ? '' : `; did you mean --${meant}?`}`
}

function unexpectedArgument(table: FlagTable, argument: string): string {
  const meant = nearest(argument, Object.keys(table))
  return `unexpected argument "${argument}"${meant === undefined ? '' : `; did you mean --${meant}?`}`
}

function isFlagOf(table: FlagTable, text: string): boolean {
  if (text.startsWith('--')) return text === '--' || Object.hasOwn(table, text.slice(2).split('=', 1)[0] ?? '')
  return text.length === 2 && text.startsWith('-') && Object.values(table).some((flag) => flag.short === text[1])
}
