import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importsIn, roomsOfTable } from './imports.ts'

const root = join(import.meta.dirname, '../..')
const compat = join(root, 'mosquitto-compat')
const rooms = roomsOfTable('## Rooms of mosquitto-compat')
const imports = importsIn(compat).filter(({ target }) => target !== undefined)

/** `conf` of mosquitto-compat/conf/option.ts and `protocol` of src/protocol/text.ts. */
function roomOf(file: string): string {
  const [first = '', second = ''] = relative(root, file).split('/')
  const own = relative(compat, file).split('/')[0] as string
  return (first === 'src' ? second : own).replace(/\.ts$/, '')
}

const crossing = imports
  .map(({ from, target, isTypeOnly }) => ({ from, isTypeOnly, room: roomOf(from), target: roomOf(target as string) }))
  .filter(({ room, target }) => room !== target)

describe('the house of mosquitto-compat', () => {
  it('has a line in the table of docs/architecture.md for every room', () => {
    for (const { room } of crossing) expect([...rooms.keys()]).toContain(room)
  })

  it('imports only what the table allows', () => {
    const wrong = crossing
      .filter(({ room, target, isTypeOnly }) => {
        const may = rooms.get(room)?.may ?? new Set()
        return !(may.has(target) || may.has('all') || (isTypeOnly && may.has('types')))
      })
      .map(({ from, target }) => `${relative(compat, from)} imports ${target}`)
    expect(wrong).toEqual([])
  })

  it('has no import from a floor above or beside, but for types', () => {
    const upward = crossing
      .filter(({ room, target, isTypeOnly }) => {
        const own = rooms.get(room)?.floor ?? 0
        return !isTypeOnly && rooms.has(target) && (rooms.get(target)?.floor ?? 0) >= own
      })
      .map(({ from, target }) => `${relative(compat, from)} imports ${target}`)
    expect(upward).toEqual([])
  })

  it('is reached from src by the command line alone', () => {
    const reaching = importsIn(join(root, 'src'))
      .filter(({ target }) => target?.startsWith(compat))
      .map(({ from }) => relative(join(root, 'src'), from))
      .filter((file) => !file.startsWith('cli/'))
    expect(reaching).toEqual([])
  })
})
