import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { strftime } from '../../../mosquitto-compat/log/strftime.ts'

const instants = [0, 86_399, 951_782_400, 1_700_000_000, 1_719_792_000, 1_735_689_599, 4_102_444_800]
const letters = [...'aAbBcCdDeFhHIjklmMnpRrsStTuwxXyYz%']

/** As the C library does it. */
function date(seconds: number, format: string): string {
  return execFileSync('date', ['-d', `@${seconds}`, `+${format}`], { env: { ...process.env, LC_ALL: 'C' } })
    .toString()
    .slice(0, -1)
}

describe('strftime', () => {
  it.each(instants)('writes second %d as date does', (seconds) => {
    const format = letters.map((letter) => `${letter}=%${letter}`).join('|')
    expect(strftime(format, new Date(seconds * 1000)).split('|')).toEqual(date(seconds, format).split('|'))
  })

  it('names the zone, and leaves what it does not know', () => {
    expect(strftime('%Z', new Date(0))).not.toBe('')
    expect(strftime('%! 5% %', new Date(0))).toBe('%! 5% %')
  })
})
