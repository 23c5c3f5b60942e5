import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const src = join(root, 'src')

function namesIn(cell = ''): string[] {
  return [...cell.matchAll(/`([\w-]+)\/?`/g)].map((match) => match[1] as string)
}

/** The table of rooms in docs/architecture.md: `| floor | \`room/\` ... | what | imports |`. */
function roomsInDocs(): Map<string, { floor: number; may: Set<string> }> {
  const rooms = new Map<string, { floor: number; may: Set<string> }>()
  const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
  for (const line of text.split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim())
    if (!/^\d$/.test(cells[1] ?? '')) continue
    for (const room of namesIn(cells[2])) rooms.set(room, { floor: Number(cells[1]), may: new Set(namesIn(cells[4])) })
  }
  return rooms
}

interface Import {
  readonly from: string
  readonly to: string
  readonly isTypeOnly: boolean
}

function sourceFiles(directory = src): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
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
    return { from: file, to: (match[3] ?? match[4]) as string, isTypeOnly: match[1] !== undefined || isAllTypes }
  })
}

const rooms = roomsInDocs()
const allImports = sourceFiles().flatMap(importsOf)
const roomOf = (file: string): string => (relative(src, file).split('/')[0] as string).replace(/\.ts$/, '')

describe('the house', () => {
  it('has a line in the table of docs/architecture.md for every room', () => {
    for (const room of new Set(sourceFiles().map(roomOf))) expect([...rooms.keys()]).toContain(room)
  })

  it('is large enough for the reading of imports to be believed', () => {
    expect(allImports.length).toBeGreaterThan(100)
  })

  it('imports only what the table allows, types from contracts and settings included', () => {
    const wrong = allImports
      .filter(({ to }) => to.startsWith('.'))
      .map(({ from, to, isTypeOnly }) => ({
        from,
        isTypeOnly,
        room: roomOf(from),
        target: roomOf(join(dirname(from), to)),
      }))
      .filter(({ room, target }) => room !== target)
      .filter(({ room, target, isTypeOnly }) => {
        const allowed = rooms.get(room)?.may ?? new Set()
        return !(allowed.has(target) || allowed.has('all') || (allowed.has('types') && isTypeOnly))
      })
      .map(({ from, target }) => `${relative(src, from)} imports ${target}`)
    expect(wrong).toEqual([])
  })

  it('has no import from a floor above, but for types', () => {
    const upward = allImports
      .filter(({ to, isTypeOnly }) => to.startsWith('.') && !isTypeOnly)
      .filter(({ from, to }) => {
        const own = rooms.get(roomOf(from))?.floor ?? 0
        return (rooms.get(roomOf(join(dirname(from), to)))?.floor ?? 0) > own
      })
      .map(({ from, to }) => `${relative(src, from)} imports ${to}`)
    expect(upward).toEqual([])
  })

  it('keeps rooms 0 to 2 free of Node, so that they run in a browser', () => {
    const pure = new Set(['structures', 'protocol', 'topics', 'session'])
    const foreign = allImports
      .filter(({ from, to }) => pure.has(roomOf(from)) && !to.startsWith('.'))
      .map(({ to }) => to)
    const named = sourceFiles()
      .filter((file) => pure.has(roomOf(file)))
      .filter((file) =>
        /\b(Buffer|process|setImmediate|setTimeout|Date\.now|performance)\b/.test(withoutComments(file)),
      )
    expect([...foreign, ...named]).toEqual([])
  })

  it('has no cycle of imports that run code between rooms', () => {
    const edges = new Map<string, Set<string>>()
    for (const { from, to, isTypeOnly } of allImports) {
      if (isTypeOnly || !to.startsWith('.')) continue
      const room = roomOf(from)
      const target = roomOf(join(dirname(from), to))
      if (room !== target) edges.set(room, (edges.get(room) ?? new Set()).add(target))
    }
    const reaches = (start: string, goal: string, seen = new Set<string>()): boolean =>
      [...(edges.get(start) ?? [])].some((next) => {
        if (next === goal) return true
        if (seen.has(next)) return false
        return reaches(next, goal, seen.add(next))
      })
    expect([...edges.keys()].filter((room) => reaches(room, room))).toEqual([])
  })
})

function withoutComments(file: string): string {
  return readFileSync(file, 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\/\/.*$/gm, '')
}
