import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '../..')

export interface Room {
  readonly floor: number
  readonly may: ReadonlySet<string>
}

export interface Import {
  readonly from: string
  readonly to: string
  /** The file it means, where it is one of ours. */
  readonly target: string | undefined
  readonly isTypeOnly: boolean
}

/** The table of rooms below a heading of docs/architecture.md: `| floor | \`room/\` ... | what | imports |`. */
export function roomsOfTable(heading: string): ReadonlyMap<string, Room> {
  const rooms = new Map<string, Room>()
  const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
  const start = text.indexOf(`${heading}\n`)
  const end = text.indexOf('\n## ', start + 1)
  for (const line of text.slice(start, end).split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim())
    if (!/^\d$/.test(cells[1] ?? '')) continue
    for (const room of namesIn(cells[2])) rooms.set(room, { floor: Number(cells[1]), may: new Set(namesIn(cells[4])) })
  }
  return rooms
}

export function sourceFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
}

export function importsIn(directory: string): Import[] {
  return sourceFiles(directory).flatMap(importsOf)
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  const found = [...text.matchAll(/^(?:import|export)\s+(type\s)?([^'"]*?)from\s+'([^']+)'|import\('([^']+)'\)/gm)]
  return found.map((match) => {
    const named = /\{([^}]*)\}/
      .exec(match[2] ?? '')?.[1]
      ?.split(',')
      .map((name) => name.trim())
      .filter(Boolean)
    const isAllTypes = named !== undefined && named.every((name) => name.startsWith('type '))
    const to = (match[3] ?? match[4]) as string
    const target = to.startsWith('.') ? join(dirname(file), to) : undefined
    return { from: file, to, target, isTypeOnly: match[1] !== undefined || isAllTypes }
  })
}

function namesIn(cell = ''): string[] {
  return [...cell.matchAll(/`([\w-]+)\/?`/g)].map((match) => match[1] as string)
}
