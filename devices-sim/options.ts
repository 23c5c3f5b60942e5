import { parseArgs } from 'node:util'
import type { FleetOptions } from './fleet.ts'

export interface SimulatorOptions extends FleetOptions {
  readonly json: boolean
  readonly help: boolean
}

export const helpText = `A fleet of simulated devices against an MQTT broker

Usage: npm run sim -- [flags]

  --devices N       devices (default 100)
  --subscribers N   subscribers, each of which hears every device (default 1)
  --url URL         mqtt://host:port or ws://host:port (default mqtt://127.0.0.1:1883)
  --protocol V      3.1.1 or 5 (default 5)
  --duration S      seconds (default 10)
  --rate R          how much faster than usual the sensors are read (default 1)
  --drops N         devices that break off without DISCONNECT and come back (default: one in twenty)
  --seed N          what the sensors measure (default 1)
  --json            the summary as one JSON object, no progress
  --help            this text

Exit codes: 0 QoS 1 lost nothing, QoS 2 arrived exactly once and every device was there at the end;
1 not so, or no broker; 2 wrong flags.
`

const flags = {
  devices: { type: 'string', default: '100' },
  subscribers: { type: 'string', default: '1' },
  url: { type: 'string', default: 'mqtt://127.0.0.1:1883' },
  protocol: { type: 'string', default: '5' },
  duration: { type: 'string', default: '10' },
  rate: { type: 'string', default: '1' },
  drops: { type: 'string' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Reads the command line; throws an Error that says what is wrong with it. */
export function parseOptions(argv: readonly string[]): SimulatorOptions {
  const values = valuesOf(argv)
  const { protocol, url, json, help } = values
  if (protocol !== '3.1.1' && protocol !== '5') throw new Error(`--protocol takes 3.1.1 or 5, not "${protocol}"`)
  if (!/^(mqtt|ws)s?:\/\/./.test(url) || !URL.canParse(url)) {
    throw new Error(`--url takes mqtt://host:port or ws://host:port, not "${url}"`)
  }
  const devices = numberOf('devices', values.devices, { least: 1, whole: true })
  const drops = numberOf('drops', values.drops ?? String(Math.ceil(devices / 20)), { least: 0, whole: true })
  if (drops > devices) throw new Error(`--drops ${drops} is more than there are devices (${devices})`)
  return {
    url,
    protocol,
    devices,
    subscribers: numberOf('subscribers', values.subscribers, { least: 1, whole: true }),
    durationSeconds: numberOf('duration', values.duration, { least: 0.1, whole: false }),
    rate: numberOf('rate', values.rate, { least: 0.01, whole: false }),
    drops,
    seed: numberOf('seed', values.seed, { least: 0, whole: true }),
    json,
    help,
  }
}

function valuesOf(argv: readonly string[]) {
  // parseArgs takes the -1 of `--devices -1` for a flag.
  const args: string[] = []
  for (const argument of argv) {
    const before = args.at(-1) ?? ''
    if (/^-[\d.]/.test(argument) && /^--[a-z]+$/.test(before)) args[args.length - 1] = `${before}=${argument}`
    else args.push(argument)
  }
  try {
    return parseArgs({ args, options: flags, strict: true }).values
  } catch (error) {
    const { message } = error as Error
    const flag = /^Option '(--[a-z]+).*' argument (?:is ambiguous|missing)/.exec(message)?.[1]
    const [firstSentence = message] = message.split(/\.?\s*\n|\. /, 1)
    throw new Error(flag === undefined ? firstSentence : `${flag} needs a value`, { cause: error })
  }
}

function numberOf(name: string, text: string, rule: { readonly least: number; readonly whole: boolean }): number {
  const number = text.trim() === '' ? Number.NaN : Number(text)
  const isRight = Number.isFinite(number) && number >= rule.least && (!rule.whole || Number.isSafeInteger(number))
  if (isRight) return number
  throw new Error(`--${name} takes a ${rule.whole ? 'whole ' : ''}number from ${rule.least} up, not "${text}"`)
}
