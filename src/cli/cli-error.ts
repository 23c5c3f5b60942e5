/** What a command gives back to the shell. */
export const exitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** The settings cannot be used: EX_CONFIG of sysexits.h. */
  config: 78,
  /** `sub --timeout` ran out; the number mosquitto_sub uses. */
  timedOut: 27,
} as const

/** The command line itself is wrong: one line that says how to put it right. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command was right, the world was not: one line that says what to do. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
}
