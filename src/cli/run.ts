import { DocumentError } from '../documents/document-error.ts'
import { aclTestCommand } from './acl-test.ts'
import { backupCommand } from './backup.ts'
import { checkConfigCommand } from './check-config.ts'
import { exitCode, OperatorError, UsageError } from './cli-error.ts'
import type { Command } from './command.ts'
import { doctorCommand } from './doctor.ts'
import { exportCommand } from './export.ts'
import { asksForHelp, type FlagTable } from './flags.ts'
import { commandHelp, familyHelp, globalHelp } from './help.ts'
import { importCommand } from './import.ts'
import { importMosquittoCommand } from './import-mosquitto.ts'
import { nearest } from '../documents/nearest.ts'
import { passwdCommand } from './passwd.ts'
import { pubCommand } from './pub.ts'
import { restoreCommand } from './restore.ts'
import { simBenchCommand } from './sim-bench.ts'
import { simCompareCommand } from './sim-compare.ts'
import { simRunCommand } from './sim-run.ts'
import { startCommand } from './start.ts'
import { subCommand } from './sub.ts'
import type { Terminal } from './terminal.ts'
import { packageVersion } from '../settings/version.ts'

export const commands: readonly Command[] = [
  startCommand,
  checkConfigCommand,
  passwdCommand,
  aclTestCommand,
  pubCommand,
  subCommand,
  doctorCommand,
  backupCommand,
  restoreCommand,
  exportCommand,
  importCommand,
  importMosquittoCommand,
  simRunCommand,
  simBenchCommand,
  simCompareCommand,
]

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
  if (first === '--help' || first === '-h') return say(terminal, globalHelp(commands))
  if (first === 'help') {
    const [name, second] = rest
    const family = commands.filter((command) => command.name.startsWith(`${name} `))
    if (family.length > 1 && second === undefined) return say(terminal, familyHelp(String(name), family))
    return say(terminal, name === undefined ? globalHelp(commands) : commandHelp(commandNamed(name, second)))
  }
  const isCommand = first !== '' && !first.startsWith('-')
  const family = commands.filter((command) => command.name.startsWith(`${first} `))
  if (family.length > 1 && (rest[0] === undefined || rest[0] === '--help' || rest[0] === '-h')) {
    return say(terminal, familyHelp(first, family))
  }
  const command = isCommand ? commandNamed(first, rest[0]) : startCommand
  const flags = isCommand ? rest.slice(rest[0]?.startsWith('-') ? 0 : command.name.split(' ').length - 1) : argv
  if (asksForHelp(flagsOf(command), flags)) return say(terminal, commandHelp(command))
  if (isCommand && flags[0] === '--version') return say(terminal, `topiary ${packageVersion()}\n`)
  return command.run(flags, terminal)
}

/** Some commands are two words: `acl test`. */
function commandNamed(name: string, second = ''): Command {
  const found =
    commands.find((command) => command.name === name || command.name === `${name} ${second}`) ?? onlyOneOf(name, second)
  if (found !== undefined) return found
  const family = commands.filter((command) => command.name.startsWith(`${name} `)).map((command) => command.name)
  if (family.length > 0) throw new UsageError(`unknown command ${name} ${second}; there is ${family.join(', ')}`)
  const names = commands.map((command) => command.name)
  const meant = nearest(name, names)
  const hint = meant === undefined ? `the commands are ${names.join(', ')}` : `did you mean ${meant}?`
  throw new UsageError(`unknown command ${name}; ${hint}`)
}

/** `topiary acl --help` means the one command there is of that family. */
function onlyOneOf(family: string, second: string): Command | undefined {
  const [found, ...others] = commands.filter((command) => command.name.startsWith(`${family} `))
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
