import { type FlagTable, type FlagValues, parseFlags } from './flags.ts'
import type { Terminal } from './terminal.ts'

/** One command of `topiary`. */
export interface Command {
  readonly name: string
  readonly summary: string
  /** What stands behind `topiary` in the usage line. */
  readonly usage: string
  readonly sections: readonly FlagSection[]
  readonly examples: readonly string[]
  /** Said at the end of the help text: exit codes and what surprises. */
  readonly notes: readonly string[]
  /** Resolves with the exit code; throws UsageError or OperatorError. */
  run(argv: readonly string[], terminal: Terminal): Promise<number>
}

export interface FlagSection {
  readonly title: string
  readonly flags: FlagTable
}

/** A command whose action gets the values of `flags`, read and checked. */
export function defineCommand<T extends FlagTable>(
  about: Omit<Command, 'run'>,
  flags: T,
  action: (values: FlagValues<T>, terminal: Terminal) => Promise<number>,
): Command {
  return { ...about, run: (argv, terminal) => action(parseFlags(flags, argv), terminal) }
}
