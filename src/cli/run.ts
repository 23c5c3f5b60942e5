import { DocumentError } from '../documents/document-error.ts'
import { exitCode, OperatorError, UsageError } from './cli-error.ts'
import type { Command } from './command.ts'
import { asksForHelp, type FlagTable } from './flags.ts'
import { commandHelp, familyHelp, globalHelp } from './help.ts'
import { nearest } from '../documents/nearest.ts'
import type { Terminal } from './terminal.ts'
import { packageVersion } from '../settings/version.ts'

/** By name, each loaded when it is asked for: who publishes needs nothing of the broker. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).startCommand,
  'check-config': async () => (await import('./check-config.ts')).checkConfigCommand,
  passwd: async () => (await import('./passwd.ts')).passwdCommand,
  'acl test': async () => (await import('./acl-test.ts')).aclTestCommand,
  pub: async () => (await import('./pub.ts')).pubCommand,
  sub: async () => (await import('./sub.ts')).subCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  backup: async () => (await import('./backup.ts')).backupCommand,
  restore: async () => (await import('./restore.ts')).restoreCommand,
  export: async () => (await import('./export.ts')).exportCommand,
  import: async () => (await import('./import.ts')).importCommand,
  'import-mosquitto': async () => (await import('./import-mosquitto.ts')).importMosquittoCommand,
  'sim run': async () => (await import('./sim-run.ts')).simRunCommand,
  'sim bench': async () => (await import('./sim-bench.ts')).simBenchCommand,
  'sim compare': async () => (await import('./sim-compare.ts')).simCompareCommand,
}
const names = Object.keys(commands)

/** Runs the command that `argv` (without node and script) asks for and resolves with the exit code. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(argv, terminal)
  } catch (error) {
    if (error instanceof DocumentError) {
      terminal.stderr.write(error.faults.map((fault) => `topiary: ${fault}\n`).join(''))
      return exitCode.config
    }
    terminal.stderr.write(`topiary: ${error instanceof Error ? error.message : String(error)}\n`)
    if (error instanceof UsageError) return exitCode.usage
    if (!(error instanceof OperatorError) && error instanceof Error) terminal.stderr.write(`${error.stack}\n`)
    return exitCode.failed
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [first = '', ...rest] = argv
  if (first === '--version') return say(terminal, `topiary ${packageVersion()}\n`)
  if (first === '--help' || first === '-h') return say(terminal, globalHelp(await loaded(names)))
  if (first === 'help') {
    const [name, second] = rest
    if (name === undefined) return say(terminal, globalHelp(await loaded(names)))
    if (second === undefined && familyOf(name).length > 1) return sayFamily(terminal, name)
    return say(terminal, commandHelp(await load(nameMeant(name, second))))
  }
  const isCommand = first !== '' && !first.startsWith('-')
  if (familyOf(first).length > 1 && (rest[0] === undefined || rest[0] === '--help' || rest[0] === '-h')) {
    return sayFamily(terminal, first)
  }
  const name = isCommand ? nameMeant(first, rest[0]) : 'start'
  const command = await load(name)
  const flags = isCommand ? rest.slice(rest[0]?.startsWith('-') ? 0 : name.split(' ').length - 1) : argv
  if (asksForHelp(flagsOf(command), flags)) return say(terminal, commandHelp(command))
  if (isCommand && flags[0] === '--version') return say(terminal, `topiary ${packageVersion()}\n`)
  return command.run(flags, terminal)
}

function load(name: string): Promise<Command> {
  return (commands[name] as () => Promise<Command>)()
}

function loaded(some: readonly string[]): Promise<Command[]> {
  return Promise.all(some.map(load))
}

/** Names of two words that begin with this one. */
function familyOf(word: string): readonly string[] {
  return names.filter((name) => name.startsWith(`${word} `))
}

async function sayFamily(terminal: Terminal, word: string): Promise<number> {
  return say(terminal, familyHelp(word, await loaded(familyOf(word))))
}

/** Some commands are two words: `acl test`. */
function nameMeant(first: string, second = ''): string {
  const found = names.find((name) => name === first || name === `${first} ${second}`) ?? onlyOneOf(first, second)
  if (found !== undefined) return found
  const family = familyOf(first)
  if (family.length > 0) throw new UsageError(`unknown command ${first} ${second}; there is ${family.join(', ')}`)
  const meant = nearest(first, names)
  const hint = meant === undefined ? `the commands are ${names.join(', ')}` : `did you mean ${meant}?`
  throw new UsageError(`unknown command ${first}; ${hint}`)
}

/** `topiary acl --help` means the one command there is of that family. */
function onlyOneOf(word: string, second: string): string | undefined {
  const [found, ...others] = familyOf(word)
  if (others.length > 0) return undefined
  return second === '' || second.startsWith('-') ? found : undefined
}

function flagsOf(command: Command): FlagTable {
  return Object.assign({}, ...command.sections.map((section) => section.flags)) as FlagTable
}

function say(terminal: Terminal, text: string): number {
  terminal.stdout.write(text)
  return exitCode.ok
}
