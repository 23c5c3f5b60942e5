import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, cpus, platform, release } from 'node:os'
import { packageVersion } from '../../src/settings/version.ts'
import type { RunReport } from '../report/run-report.ts'

/** What a run was made with. */
export function versionsOf(broker: string): RunReport['versions'] {
  const processors = cpus()
  return {
    topiary: packageVersion(),
    node: process.version,
    mqttjs: mqttjsVersion(),
    platform: `${platform()} ${release()} ${arch()}`,
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    broker,
  }
}

/** A scenario as a report shows it: without passwords, functions by name. */
export function plainSettings(scenario: object): Record<string, unknown> {
  const text = JSON.stringify(scenario, (key, value: unknown) => {
    if (key === 'password') return undefined
    if (key === 'url' && typeof value === 'string') return value.replace(/\/\/[^/]*@/, '//')
    return typeof value === 'function' ? 'a function' : value
  })
  return JSON.parse(text) as Record<string, unknown>
}

function mqttjsVersion(): string {
  const file = createRequire(import.meta.url).resolve('mqtt/package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
