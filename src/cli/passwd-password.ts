import { createInterface } from 'node:readline'
import { PassThrough, type Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { maximumPasswordBytes } from '../auth/standard-authenticator.ts'
import { OperatorError, UsageError } from './cli-error.ts'
import type { Terminal } from './terminal.ts'

export interface PasswordSource {
  /** One line of stdin. */
  readonly fromStdin: boolean
  /** From the command line. */
  readonly given: string | undefined
}

/** The password for `topiary passwd`; asked for where nothing says where it comes from. */
export async function passwordOf(
  { fromStdin, given }: PasswordSource,
  { stdin, stderr }: Terminal,
): Promise<Uint8Array> {
  if (given === undefined && !fromStdin && !isTerminal(stdin)) {
    throw new UsageError('stdin is no terminal to ask at; pass the password with --password-stdin')
  }
  const password =
    given === undefined
      ? fromStdin
        ? withoutNewline(await buffer(stdin))
        : await ask(stdin, stderr)
      : Buffer.from(given)
  if (password.length === 0) throw new OperatorError('the password is empty; nothing was written')
  if (password.includes('\n')) throw new OperatorError('the password must be one line')
  if (password.length > maximumPasswordBytes) {
    throw new OperatorError(`the password has more than ${maximumPasswordBytes} bytes; the broker would refuse it`)
  }
  return password
}

function withoutNewline(bytes: Buffer): Buffer {
  if (!bytes.subarray(-1).equals(Buffer.from('\n'))) return bytes
  return bytes.subarray(0, bytes.subarray(-2).equals(Buffer.from('\r\n')) ? -2 : -1)
}

/** Twice, without echo: readline edits the line in raw mode and draws it into nothing. */
async function ask(stdin: Readable, stderr: Terminal['stderr']): Promise<Buffer> {
  const lines = createInterface({ input: stdin, output: new PassThrough().resume(), terminal: true, historySize: 0 })
  const answers: string[] = []
  stderr.write('Password: ')
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      answers.push(line)
      if (answers.length === 2) lines.close()
      else stderr.write('\nThe same again: ')
    })
    lines.on('close', resolve) // also at Ctrl-C, Ctrl-D and the end of stdin
  })
  stderr.write('\n')
  const [first, second] = answers
  if (first === undefined || second === undefined) throw new OperatorError('no password was given; nothing was written')
  if (first !== second) throw new OperatorError('the two passwords differ; nothing was written')
  return Buffer.from(first)
}

function isTerminal(stdin: Readable): boolean {
  return 'isTTY' in stdin && stdin.isTTY === true
}
