import { markText } from '../proof/mark.ts'
import type { Reading } from '../sensors/sensor.ts'
import type { PayloadWriter } from './payload-writer.ts'
import { checkFieldNames } from '../scenario/reserved-names.ts'

/** `{"sim":MARK,"time":"2026-01-01T06:00:00.000Z","temperature":21.5}`. What has nothing to say is left out. */
export function jsonWriter(fields: readonly string[]): PayloadWriter {
  checkFieldNames(fields)
  const members = fields.map((field) => ({ field, start: `,${JSON.stringify(field)}:` }))
  return {
    write({ readings, mark, timeMs }) {
      let text = mark === undefined ? '{' : `{"sim":"${markText(mark)}",`
      text += `"time":"${new Date(timeMs).toISOString()}"`
      for (const { field, start } of members) {
        const reading = readings[field]
        if (reading !== undefined) text += start + valueText(reading)
      }
      return Buffer.from(`${text}}`)
    },
  }
}

function valueText(reading: Exclude<Reading, undefined>): string {
  if (typeof reading === 'number') return Number.isFinite(reading) ? String(reading) : 'null'
  return JSON.stringify(reading)
}
