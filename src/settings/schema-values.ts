import { z } from 'zod'

/** The kinds of values that settings have, each with its default and its text. */

export const MAXIMUM_MS = 2_147_483_647
export const FOUR_BYTES = 4_294_967_295
export const LARGEST_PACKET = 268_435_460

export const whole = (least: number, most: number, usual: number, description: string) =>
  z.int().min(least).max(most).default(usual).describe(description)
export const count = (usual: number, description: string) => whole(0, Number.MAX_SAFE_INTEGER, usual, description)
export const choice = <const T extends readonly [string, ...string[]]>(
  choices: T,
  usual: T[number],
  description: string,
) => z.enum(choices).default(usual).describe(description)
export const flag = (usual: boolean, description: string) => z.boolean().default(usual).describe(description)
export const text = (description: string, ...examples: string[]) =>
  z
    .string()
    .min(1)
    .meta({ description, ...(examples.length > 0 && { examples }) })

export const port = (description: string, example: number) =>
  z
    .int()
    .min(0)
    .max(65_535)
    .meta({ description, examples: [example] })

export const qos = z.literal([0, 1, 2])
export const durabilityLevels = ['always', 'interval', 'memory'] as const
