import type { ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import type { Direction, Fault } from '../../support/mqtt-leg.ts'

export const qosLevels = [0, 1, 2] as const
export const formats = ['json', 'cbor', 'fixed', 'template'] as const
export type Format = (typeof formats)[number]

/** What one fault must add to the row of its flow. */
export interface Effect {
  readonly lost: number
  readonly duplicates: number
  readonly duplicatesWithDup: number
  readonly reordered: number
  readonly stray: number
}

export interface FaultCase {
  readonly direction: Direction
  readonly fault: Fault
}

export const directions = ['to broker', 'to client'] as const satisfies Direction[]
const faults = [
  'drop',
  'duplicate',
  'duplicate with dup',
  'duplicate as new',
  'swap',
  'hold',
  'corrupt',
] as const satisfies Fault[]

export const faultCases: readonly FaultCase[] = directions.flatMap((direction) =>
  faults.map((fault) => ({ direction, fault })),
)

const noEffect: Effect = { lost: 0, duplicates: 0, duplicatesWithDup: 0, reordered: 0, stray: 0 }

/** What the standard makes of a fault: at QoS 2 a second PUBLISH with the same identifier is not a second message. */
export function effectOf({ direction, fault }: FaultCase, qos: 0 | 1 | 2): Effect {
  switch (fault) {
    case 'drop':
      return { ...noEffect, lost: 1 }
    case 'corrupt':
      return { ...noEffect, lost: 1, stray: 1 }
    case 'swap':
    case 'hold':
      return { ...noEffect, reordered: 1 }
    case 'duplicate as new':
      return { ...noEffect, duplicates: 1 }
    case 'duplicate':
      return { ...noEffect, duplicates: qos === 2 ? 0 : 1 }
    case 'duplicate with dup':
      // DUP belongs to one leg: the broker does not hand it on, and QoS 0 never has it
      return {
        ...noEffect,
        duplicates: qos === 2 ? 0 : 1,
        duplicatesWithDup: qos === 1 && direction === 'to client' ? 1 : 0,
      }
  }
}

export function sumOf(effects: readonly Effect[]): Effect {
  const sum = (of: keyof Effect): number => effects.reduce((all, one) => all + one[of], 0)
  return {
    lost: sum('lost'),
    duplicates: sum('duplicates'),
    duplicatesWithDup: sum('duplicatesWithDup'),
    reordered: sum('reordered'),
    stray: sum('stray'),
  }
}

type Payload = NonNullable<NonNullable<NonNullable<ScenarioInput['fleets']>[string]['messages']>[string]['payload']>

export const payloads: Readonly<Record<Format, Payload>> = {
  json: { format: 'json' },
  cbor: { format: 'cbor' },
  fixed: { format: 'fixed', bytes: 90 },
  template: { format: 'template', text: '{sequence};{level};{time}' },
}

export const sensors = {
  level: { model: 'random-walk', start: 50, step: 2, min: 0, max: 100, decimals: 2 },
  state: { model: 'states', start: 'on', states: { on: { off: 0.2 }, off: { on: 0.5 } } },
} as const satisfies NonNullable<ScenarioInput['fleets']>[string]['sensors']
