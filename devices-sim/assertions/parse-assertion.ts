import { nearest } from '../../src/documents/nearest.ts'
import { milliseconds } from '../quantities.ts'
import { type Metric, metrics, type SelectorKey, unitOf } from './metrics.ts'

export const operators = ['==', '!=', '<=', '>=', '<', '>'] as const
export type Operator = (typeof operators)[number]

export type AssertionValue =
  | { readonly kind: 'number' | 'percent' | 'milliseconds'; readonly value: number }
  | { readonly kind: 'truth'; readonly value: boolean }

/** `KEY = VALUE`; a flow may end in `*`, which stands for any rest. */
export interface Selector {
  readonly key: SelectorKey
  readonly value: string
}

export interface Assertion {
  /** As it was written. */
  readonly text: string
  readonly name: string
  readonly metric: Metric
  readonly operator: Operator
  readonly expected: AssertionValue
  readonly where: readonly Selector[]
}

type Fault = { readonly fault: string }

const form = /^\s*([A-Za-z][\w.]*)\s*(==|!=|<=|>=|<|>|=)\s*(\S+)(?:\s+where\s+(.+?))?\s*$/
const selectorForm = /^([A-Za-z]+)\s*==?\s*([\w.*-]+)$/

/** Reads `METRIC OP VALUE [where KEY = VALUE {and KEY = VALUE}]`, or says what is wrong with it. */
export function parseAssertion(text: string): Assertion | Fault {
  const match = form.exec(text)
  if (match === null) return { fault: 'is no assertion; write METRIC OPERATOR VALUE, such as lost == 0 where qos = 1' }
  const [, name = '', written = '', value = '', conditions] = match
  const metric = metrics.get(name)
  if (metric === undefined) return { fault: noMetric(name) }
  const operator = operators.find((one) => one === written)
  if (operator === undefined) return { fault: `has the operator ${written}; there is ${operators.join(' ')}` }
  const expected = valueOf(name, metric, value)
  if ('fault' in expected) return expected
  if (expected.kind === 'truth' && operator !== '==' && operator !== '!=') {
    return { fault: `compares ${name} by ${operator}; write == or !=` }
  }
  const where = selectorsOf(name, metric, conditions)
  return 'fault' in where ? where : { text, name, metric, operator, expected, where }
}

function noMetric(name: string): string {
  const meant = nearest(name, metrics.keys())
  const hint =
    meant === undefined ? 'there is lost, duplicates, received, p99, connect.p99 and more' : `did you mean ${meant}?`
  return `names no figure ${name}; ${hint}`
}

function valueOf(name: string, metric: Metric, text: string): AssertionValue | Fault {
  switch (unitOf(metric)) {
    case 'truth':
      if (text === 'true' || text === 'false') return { kind: 'truth', value: text === 'true' }
      return { fault: `compares ${name} with ${text}; write true or false` }
    case 'time':
      if (/^\d+(\.\d+)?(ms|s|m|h)$/.test(text)) return { kind: 'milliseconds', value: milliseconds(text) }
      return { fault: `compares ${name} with ${text}; write a time with its unit, such as 50ms or 2s` }
    case 'count':
      if (/^\d+(\.\d+)?$/.test(text)) return { kind: 'number', value: Number(text) }
      if (!/^\d+(\.\d+)?%$/.test(text)) {
        return {
          fault: `compares ${name} with ${text}; write a number${'whole' in metric ? ', or a percent such as 0.1%' : ''}`,
        }
      }
      if ('whole' in metric) return { kind: 'percent', value: Number.parseFloat(text) }
      return { fault: `compares ${name} with a percent, but of what? Write a number` }
  }
}

function selectorsOf(name: string, metric: Metric, conditions: string | undefined): readonly Selector[] | Fault {
  const where: Selector[] = []
  for (const condition of conditions?.split(/\s+and\s+/) ?? []) {
    const [, written = '', value = ''] = selectorForm.exec(condition) ?? []
    if (written === '') return { fault: `has the condition ${condition}; write KEY = VALUE, such as qos = 1` }
    const key = metric.keys.find((one) => one === written)
    if (key === undefined) {
      const known = metric.keys.length === 0 ? 'takes no condition' : `takes conditions on ${metric.keys.join(', ')}`
      return { fault: `has a condition on ${written}; ${name} ${known}` }
    }
    if (key === 'qos' && !/^[012]$/.test(value)) return { fault: `has the condition qos = ${value}; it is 0, 1 or 2` }
    if (where.some((one) => one.key === key)) return { fault: `has two conditions on ${key}; one is enough` }
    where.push({ key, value })
  }
  return where
}

/** Whether a selected name is this one: `machines.*` is every flow of machines. */
export function isSelected(pattern: string, name: string): boolean {
  const end = pattern.indexOf('*')
  return end < 0 ? pattern === name : name.startsWith(pattern.slice(0, end))
}
