import { encode } from 'cborg'
import { markText } from '../proof/mark.ts'
import type { PayloadWriter } from './payload-writer.ts'
import { checkFieldNames } from '../scenario/reserved-names.ts'

/** As they come: a mark must be found near the beginning. */
const unsorted = { mapSorter: () => 0 }

/** A map as the json payload is one, with `time` in milliseconds since 1970. */
export function cborWriter(fields: readonly string[]): PayloadWriter {
  checkFieldNames(fields)
  return {
    write({ readings, mark, timeMs }) {
      const members: Record<string, unknown> = mark === undefined ? {} : { sim: markText(mark) }
      members['time'] = Math.round(timeMs)
      for (const field of fields) {
        const reading = readings[field]
        if (reading !== undefined) members[field] = reading
      }
      return encode(members, unsorted)
    },
  }
}
