import { markText } from '../proof/mark.ts'
import type { PayloadWriter } from './payload-writer.ts'

/** A text of the scenario's own. A mark and a blank stand in front of it. */
export function templateWriter(fill: (values: Readonly<Record<string, unknown>>) => string): PayloadWriter {
  return {
    write({ readings, mark, timeMs, dueUs, sequence, run, fleet, number, client }) {
      const time = new Date(timeMs).toISOString()
      const text = fill({ ...readings, time, due: dueUs, sequence, run, fleet, number, client })
      return Buffer.from(mark === undefined ? text : `${markText(mark)} ${text}`)
    },
  }
}
