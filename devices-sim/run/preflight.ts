import { readFileSync } from 'node:fs'
import type { Scenario } from '../scenario/schema.ts'
import { assignmentsOf } from './assignment.ts'

/** Files of a process beside its sockets: its own, and those of the runtime. */
const OTHER_FILES = 64

/** What this machine allows, as far as it says so. */
export interface MachineLimits {
  /** Files a process may have open. */
  readonly openFiles: number
  /** Ports that connections from one address may use. */
  readonly ports: number
}

/** Of Linux; elsewhere nothing is known and nothing refused. */
export function machineLimits(): MachineLimits {
  return {
    openFiles: numberIn('/proc/self/limits', /^Max open files +(\d+)/m),
    ports: portRange(),
  }
}

/** What stands against a scenario on this machine, with what to change; nothing if nothing does. */
export function preflight(scenario: Scenario, limits: MachineLimits): string[] {
  const faults: string[] = []
  const controllers = Object.keys(scenario.commands).length
  const largest = Math.max(
    ...assignmentsOf(scenario).map(
      ({ devices, subscribers }) =>
        devices.end - devices.first + Object.values(subscribers).flat().length + controllers,
    ),
  )
  const files = largest + OTHER_FILES
  if (files > limits.openFiles) {
    const workers = Math.ceil(scenario.workers * (files / Math.max(1, limits.openFiles - OTHER_FILES)))
    faults.push(
      `a process would need ${files} open files and may have ${limits.openFiles}; ` +
        `raise the limit (ulimit -n ${files}) or take --workers ${workers}`,
    )
  }
  const all = sum(Object.values(scenario.fleets)) + sum(Object.values(scenario.subscribers)) + controllers
  const addresses = Math.max(1, scenario.sourceAddresses.length)
  if (all / addresses > limits.ports) {
    const needed = Math.ceil(all / limits.ports)
    faults.push(
      `${all} connections need more than the ${limits.ports} ports of ${addresses} source address${addresses === 1 ? '' : 'es'}; ` +
        `give ${needed} in sourceAddresses, such as ${loopbacks(needed)}, or widen net.ipv4.ip_local_port_range`,
    )
  }
  return faults
}

function loopbacks(count: number): string {
  return Array.from({ length: Math.min(count, 4) }, (_, index) => `127.0.0.${index + 1}`).join(', ')
}

function sum(groups: readonly { readonly count: number }[]): number {
  return groups.reduce((total, { count }) => total + count, 0)
}

function portRange(): number {
  const [first, last] = (textOf('/proc/sys/net/ipv4/ip_local_port_range') ?? '').trim().split(/\s+/).map(Number)
  return first !== undefined && last !== undefined && last > first ? last - first + 1 : Infinity
}

function numberIn(file: string, form: RegExp): number {
  const found = form.exec(textOf(file) ?? '')?.[1]
  return found === undefined ? Infinity : Number(found)
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
