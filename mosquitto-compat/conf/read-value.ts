import type { Form } from './option.ts'

/** What a value means, with what is to be told of it, or what is wrong with it: the rest of a sentence. */
export type ReadValue =
  { readonly value: boolean | number | string; readonly notice?: string } | { readonly fault: string }

/** Reads the value of a line by the form of its option. */
export function readValue(form: Form, given: string): ReadValue {
  if (given.includes('\0')) return { fault: 'has a zero byte in its value' }
  if (given === '' && !(form.kind === 'text' && form.mayBeEmpty)) return { fault: `needs a value: ${expected(form)}` }
  if (form.kind === 'text') return readText(form.longest, given)
  const [word = '', ...others] = given.split(' ')
  const value = readWord(form, word)
  if (value === undefined) return { fault: `takes ${expected(form)}, not "${word}"` }
  return others.length === 0 ? { value } : { value, notice: `only "${word}" counts, what follows is ignored` }
}

function readText(longest: number | undefined, given: string): ReadValue {
  if (longest === undefined || Buffer.byteLength(given) <= longest) return { value: given }
  return { fault: `takes at most ${longest} bytes, not ${Buffer.byteLength(given)}` }
}

function readWord(form: Exclude<Form, { kind: 'text' }>, word: string): boolean | number | string | undefined {
  switch (form.kind) {
    case 'boolean':
      return booleans.get(word)
    case 'integer': {
      const number = readInteger(word)
      if (number === undefined || number < form.least || number > form.most) return undefined
      return form.floor === undefined ? number : Math.max(form.floor, number)
    }
    case 'choice':
      return form.choices.includes(word) ? word : undefined
    case 'duration':
      return readDuration(word)
  }
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/** Decimal, 0x hexadecimal, or octal with a 0 in front. */
export function readInteger(word: string): number | undefined {
  const [, sign, digits = ''] = /^([+-]?)(0[xX][\da-fA-F]+|0[0-7]*|[1-9]\d*)$/.exec(word) ?? []
  if (digits === '') return undefined
  const number = Number(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits)
  return sign === '-' && number !== 0 ? -number : number
}

const unitSeconds: Readonly<Record<string, number>> = {
  s: 1,
  h: 3600,
  d: 86_400,
  w: 604_800,
  m: 2_592_000,
  y: 31_536_000,
}

/** In seconds. */
function readDuration(word: string): number | undefined {
  const [, digits, unit = ''] = /^(\d+)([shdwmy])$/.exec(word) ?? []
  const seconds = Number(digits) * (unitSeconds[unit] ?? Number.NaN)
  return seconds > 0 && Number.isFinite(seconds) ? seconds : undefined
}

function expected(form: Form): string {
  switch (form.kind) {
    case 'boolean':
      return 'true or false'
    case 'integer':
      return `a whole number from ${form.least} to ${form.most}`
    case 'choice':
      return form.choices.length === 1 ? String(form.choices[0]) : `one of ${form.choices.join(', ')}`
    case 'duration':
      return 'a number above 0 with s, h, d, w, m (30 days) or y behind it, like 14d'
    case 'text':
      return 'the rest of the line'
  }
}
