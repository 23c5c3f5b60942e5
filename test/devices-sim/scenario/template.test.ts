import { describe, expect, it } from 'vitest'
import { compileTemplate, parseTemplate, variablesOf } from '../../../devices-sim/scenario/template.ts'

const values = {
  run: 'r1',
  fleet: 'machines',
  number: 7,
  truth: false,
  nothing: null,
  group: { a: 1 },
  gone: undefined,
}

describe('a template', () => {
  it.each([
    ['', ''],
    ['plain', 'plain'],
    ['{fleet}-{number}', 'machines-7'],
    ['{number:4}', '0007'],
    ['{fleet:4}', 'machines'],
    ['a{number}b{number:2}c', 'a7b07c'],
    ['{{number}}', '{number}'],
    ['{{{number}}}', '{7}'],
    ['{{"n":{number}}}', '{"n":7}'],
    ['{truth} {nothing} {gone}.', 'false null .'],
    ['{group}', '{"a":1}'],
    ['{none}', ''],
    ['$& {fleet} $1', '$& machines $1'],
  ])('%j becomes %j', (text, filled) => {
    expect(compileTemplate(text)(values)).toBe(filled)
  })

  it.each([
    ['{', 'a { by itself'],
    ['a}b', 'a } by itself'],
    ['{}', 'a { by itself'],
    ['{1}', 'a { by itself'],
    ['{number:}', 'a { by itself'],
    ['{number:100}', 'a { by itself'],
    ['{{{', 'a { by itself'],
  ])('%j is refused', (text, fault) => {
    expect(parseTemplate(text)).toEqual({ fault: expect.stringContaining(fault) as unknown })
    expect(() => compileTemplate(text)).toThrow(SyntaxError)
  })

  it('tells the names it has places for', () => {
    expect([...variablesOf('{a}{{b}}{c:3}{a}')]).toEqual(['a', 'c'])
  })
})
