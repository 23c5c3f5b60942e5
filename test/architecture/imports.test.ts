import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importsIn, roomsOfTable, sourceFiles } from './imports.ts'

const root = join(import.meta.dirname, '../..')
const src = join(root, 'src')

const rooms = roomsOfTable('## Rooms')
const allImports = importsIn(src)
const roomOf = (file: string): string => (relative(src, file).split('/')[0] as string).replace(/\.ts$/, '')

describe('the house', () => {
  it('has a line in the table of docs/architecture.md for every room', () => {
    for (const room of new Set(sourceFiles(src).map(roomOf))) expect([...rooms.keys()]).toContain(room)
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
    const named = sourceFiles(src)
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
