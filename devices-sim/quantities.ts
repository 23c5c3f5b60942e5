import { z } from 'zod'

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `200ms`, `5s`, `1.5m`, `2h`, `1d`, or a number of seconds; read as milliseconds. */
export const duration = z
  .union([
    z.number().min(0),
    z
      .string()
      .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/)
      .meta({ examples: ['5s'] }),
  ])
  .transform(milliseconds)
  .describe('A time: 200ms, 5s, 1.5m, 2h, 1d, or a number of seconds.')

/** 0 to 1. */
export const share = z.number().min(0).max(1)

export const qos = z.union([z.literal(0), z.literal(1), z.literal(2)])

/** Of a text as `duration` takes it. */
export function milliseconds(value: number | string): number {
  if (typeof value === 'number') return value * 1000
  const unit = /[a-z]+$/.exec(value)?.[0] as keyof typeof unitMs
  return Number.parseFloat(value) * unitMs[unit]
}
