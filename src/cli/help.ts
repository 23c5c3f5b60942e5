import type { Command } from './command.ts'
import type { Flag } from './flags.ts'

const lineWidth = 100

export function globalHelp(commands: readonly Command[]): string {
  return lines(
    'Topiary, an MQTT 3.1, 3.1.1 and 5.0 broker',
    '',
    'Usage: topiary [command] [flags]',
    '',
    'Commands',
    ...columns(commands.map((command) => [command.name, command.summary])),
    '',
    'Without a command the broker starts. More about each: topiary <command> --help',
    '',
    'Flags',
    ...columns([
      ['-h, --help', 'show help, also for a command'],
      ['    --version', 'show the version'],
    ]),
    '',
    'Examples',
    ...commands.map((command) => `  ${command.examples[0] ?? ''}`),
  )
}

/** Of commands that begin with the same word. */
export function familyHelp(family: string, commands: readonly Command[]): string {
  return lines(
    `Usage: topiary ${family} <command> [flags]`,
    '',
    'Commands',
    ...columns(commands.map((command) => [command.name, command.summary])),
    '',
    `More about each: topiary ${family} <command> --help`,
    '',
    'Examples',
    ...commands.map((command) => `  ${command.examples[0] ?? ''}`),
  )
}

export function commandHelp(command: Command): string {
  return lines(
    command.summary,
    '',
    `Usage: topiary ${command.usage}`,
    ...command.sections.flatMap((section) => [
      '',
      section.title,
      ...columns(Object.entries(section.flags).map(([name, flag]) => [flagNames(name, flag), flagHelp(flag)])),
    ]),
    '',
    'Examples',
    ...command.examples.map((example) => `  ${example}`),
    ...(command.notes.length === 0 ? [] : ['', ...command.notes]),
  )
}

function flagNames(name: string, flag: Flag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `
  if (flag.kind === 'switch') return `${short}--${name}`
  const value = flag.kind === 'choice' ? flag.choices.join('|') : flag.value
  return `${short}--${name} ${value}${flag.many ? '...' : ''}`
}

function flagHelp(flag: Flag): string {
  const parts = [flag.help]
  if (flag.mqtt5) parts.push('(5.0)')
  if (flag.kind !== 'switch' && flag.default !== undefined) parts.push(`(default ${flag.default})`)
  return parts.join(' ')
}

/** Two columns, the right one wrapped under itself. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.max(...rows.map(([name]) => name.length)) + 4
  return rows.flatMap(([name, text]) =>
    wrap(text, lineWidth - left).map((line, index) => (index === 0 ? `  ${name}` : '').padEnd(left) + line),
  )
}

function wrap(text: string, width: number): string[] {
  const wrapped: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= width) {
      wrapped.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...wrapped, line]
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`
}
