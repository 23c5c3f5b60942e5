import { expect, it } from 'vitest'
import { RepeatedLines } from '../../src/structures/repeated-lines.ts'

it('says a line once per kind and interval, and adds up what went unsaid', () => {
  const lines = new RepeatedLines(1000)
  const asked: readonly [kind: string, nowMs: number, unsaid: number | undefined][] = [
    ['a', 0, 0],
    ['a', 1, undefined],
    ['b', 1, 0],
    ['a', 999, undefined],
    ['a', 1000, 2],
    ['a', 1001, undefined],
    ['b', 5000, 0],
    ['a', 5000, 1],
    ['a', 6000, 0],
  ]
  for (const [kind, nowMs, unsaid] of asked)
    expect([kind, nowMs, lines.next(kind, nowMs)]).toEqual([kind, nowMs, unsaid])
})

it('remembers a bounded number of kinds: beyond, all may be said again', () => {
  const lines = new RepeatedLines(1000)
  for (let kind = 0; kind < 4096; kind++) lines.next(String(kind), 0)
  expect(lines.next('0', 1)).toBe(undefined)
  expect(lines.next('one more', 1)).toBe(0)
  expect(lines.next('0', 1)).toBe(0)
  expect(lines.next('one more', 1)).toBe(undefined)
})
