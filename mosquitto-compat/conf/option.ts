/** One option of mosquitto.conf: how it is read, where it may stand, and what becomes of it here. */
export interface Option {
  readonly form: Form
  readonly scope: Scope
  /** Only Mosquitto 2.1 has it. */
  readonly since?: '2.1'
  /** Mosquitto itself says so. */
  readonly deprecated?: true
  /** What holds when it is absent, for people. */
  readonly usual: string
  readonly state: State
  /** A setting, or a sentence: what it becomes, how it differs, why it is not done. */
  readonly says: string
  /** `FILE of test/: title` of the test that shows its effect, in the place of the one that shows its setting. */
  readonly test?: string
}

export type Form =
  | { readonly kind: 'boolean' }
  /** `floor`: what is below counts as this. */
  | { readonly kind: 'integer'; readonly least: number; readonly most: number; readonly floor?: number }
  /** The rest of the line. `many`: each line adds one; else a second one is a fault. */
  | { readonly kind: 'text'; readonly many?: true; readonly longest?: number; readonly mayBeEmpty?: true }
  /** `once`: a second one is a fault, as with texts. */
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly many?: true; readonly once?: true }
  | { readonly kind: 'duration' }

/** Whom a line speaks of: all, users and rights (of all, or of a listener), the last listener, bridge or plugin. */
export type Scope = 'general' | 'security' | 'listener' | 'bridge' | 'plugin'

export const states = ['same', 'different', 'later', 'not applicable', 'not supported'] as const
export type State = (typeof states)[number]

export type OptionTable = Readonly<Record<string, Option>>

export const boolean = { kind: 'boolean' } as const
export const text = { kind: 'text' } as const
export const texts = { kind: 'text', many: true } as const
export const duration = { kind: 'duration' } as const
export const integer = (least: number, most: number) => ({ kind: 'integer', least, most }) as const
export const choice = <const T extends readonly string[]>(...choices: T) => ({ kind: 'choice', choices }) as const

const LARGEST = 2_147_483_647
/** Sizes of memory may be larger than other numbers. */
export const MOST_BYTES = Number.MAX_SAFE_INTEGER
/** 0 and less mean "no limit" there. */
export const limit = (most = LARGEST) => ({ kind: 'integer', least: -LARGEST - 1, most, floor: 0 }) as const
export const whole = (most = LARGEST) => integer(0, most)
