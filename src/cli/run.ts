import { exitCode, OperatorError, UsageError } from './cli-error.ts'
import type { Command } from './command.ts'
import { asksForHelp, type FlagTable } from './flags.ts'
import { commandHelp, globalHelp } from './help.ts'
import { nearest } from './nearest.ts'
import { pubCommand } from './pub.ts'
import { startCommand } from './start.ts'
import { subCommand } from './sub.ts'
import type { Terminal } from './terminal.ts'
import { packageVersion } from './version.ts'

export const commands: readonly Command[] = [startCommand, pubCommand, subCommand]

/** Runs the command that `argv` (without node and script) asks for and resolves with the exit code. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(argv, terminal)
  } catch (error) {
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
    const [name] = rest
    return say(terminal, name === undefined ? globalHelp(commands) : commandHelp(commandNamed(name)))
  }
  const isCommand = first !== '' && !first.startsWith('-')
  const command = isCommand ? commandNamed(first) : startCommand
  const flags = isCommand ? rest : argv
  if (asksForHelp(flagsOf(command), flags)) return say(terminal, commandHelp(command))
  if (isCommand && flags[0] === '--version') return say(terminal, `topiary ${packageVersion()}\n`)
  return command.run(flags, terminal)
}

function commandNamed(name: string): Command {
  const found = commands.find((command) => command.name === name)
  if (found !== undefined) return found
  const names = commands.map((command) => command.name)
  const meant = nearest(name, names)
  const hint = meant === undefined ? `the commands are ${names.join(', ')}` : `did you mean ${meant}?`
  throw new UsageError(`unknown command ${name}; ${hint}`)
}

function flagsOf(command: Command): FlagTable {
  return Object.assign({}, ...command.sections.map((section) => section.flags)) as FlagTable
}

function say(terminal: Terminal, text: string): number {
  terminal.stdout.write(text)
  return exitCode.ok
}
