import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { reportSchemaText, scenarioSchemaText } from '../../../devices-sim/scenario/schema-text.ts'
import { inputOf } from './written-scenario.ts'

const root = join(import.meta.dirname, '../../..')

describe('what `npm run manual` writes', () => {
  it.each([
    ['devices-sim/scenario.schema.json', scenarioSchemaText],
    ['devices-sim/report.schema.json', reportSchemaText],
  ])('is what stands in %s', (name, text) => {
    expect(readFileSync(join(root, name), 'utf8')).toBe(text())
  })
})

describe('scenario.schema.json', () => {
  const schema = z.fromJSONSchema(JSON.parse(scenarioSchemaText()) as z.core.JSONSchema.JSONSchema)
  const sensors = { s: { model: 'sine', mean: 1, amplitude: 1, period: '5s' } } as const

  it('takes a scenario as it is written', () => {
    expect(schema.safeParse(inputOf({ sensors, keepAlive: '1m', qos: undefined } as object)).success).toBe(false)
    expect(schema.safeParse(inputOf({ sensors, keepAlive: '1m' })).error).toBe(undefined)
  })

  it.each([
    ['a name', { countt: 1 }],
    ['a time', { keepAlive: 'soon' }],
    ['a model', { sensors: { s: { model: 'sin' } } }],
    ['a name in a sensor', { sensors: { s: { ...sensors.s, perriod: 1 } } }],
  ])('does not take %s that is wrong', (_, wrong) => {
    expect(schema.safeParse(inputOf(wrong as object)).success).toBe(false)
  })

  it('has no secret that editors would show', () => {
    // two passwords, and an address in which somebody may have written one
    expect(scenarioSchemaText().match(/"writeOnly": true/g)).toHaveLength(3)
  })
})
