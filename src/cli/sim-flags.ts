import { milliseconds } from '../../devices-sim/quantities.ts'
import { UsageError } from './cli-error.ts'
import type { FlagTable } from './flags.ts'

/** Flags that a run has whatever it plays. */
export const runFlags = {
  url: {
    kind: 'text',
    short: 'u',
    value: 'URL',
    help: 'broker: mqtt://, mqtts://, ws:// or wss://host:port',
    insteadOf: ['-h', '--host', '-p', '--port'],
  },
  duration: {
    kind: 'text',
    short: 'd',
    value: 'TIME',
    help: 'of all phases together, such as 30s or 5m; the drain comes after',
  },
  protocol: {
    kind: 'choice',
    short: 'V',
    value: 'V',
    choices: ['3.1.1', '5'],
    aliases: { '4': '3.1.1' },
    help: 'MQTT version of every client',
  },
  engine: {
    kind: 'choice',
    value: 'E',
    choices: ['light', 'mqttjs'],
    help: 'of every client: light, for scale, or mqttjs, true MQTT.js clients',
  },
  workers: { kind: 'integer', value: 'N', min: 1, max: 64, help: 'processes' },
  seed: { kind: 'integer', value: 'N', min: 0, max: 0xffff_ffff, help: 'what is left to chance follows from it' },
} as const satisfies FlagTable

/** How every client logs in. */
export const loginFlags = {
  username: { kind: 'text', value: 'NAME', help: 'user name of every client' },
  password: {
    kind: 'text',
    short: 'P',
    value: 'TEXT',
    help: 'password; better in TOPIARY_SIM_PASSWORD of the environment',
  },
} as const satisfies FlagTable

export const outputFlags = {
  report: {
    kind: 'text',
    short: 'r',
    value: 'DIR',
    help: 'write report.html, report.json, series.csv, flows.csv and junit.xml there',
  },
  json: { kind: 'switch', help: 'the report as JSON on stdout instead of the table' },
  quiet: { kind: 'switch', help: 'no progress' },
  keep: { kind: 'switch', help: 'leave sessions and retained messages on the broker' },
} as const satisfies FlagTable

/** `5s` in milliseconds. Throws UsageError. */
export function durationFlag(name: string, text: string): number {
  if (/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text) && Number.parseFloat(text) > 0) return milliseconds(text)
  throw new UsageError(`--${name} takes a time such as 500ms, 30s or 5m, not "${text}"`)
}
