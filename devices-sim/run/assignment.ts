import type { Scenario } from '../scenario/schema.ts'
import type { FleetRange } from '../subscribers/group-on-stage.ts'

/** The part of a run that one process plays. Plain data but for functions in the scenario. */
export interface Assignment {
  readonly worker: number
  /** Numbers of its devices in the whole run. */
  readonly devices: { readonly first: number; readonly end: number }
  /** Numbers of its subscribers by group, 1 for the first. */
  readonly subscribers: Readonly<Record<string, readonly number[]>>
}

/** Devices in equal parts that follow each other; subscribers in turn, those of a shared subscription together. */
export function assignmentsOf(scenario: Scenario): Assignment[] {
  const { workers } = scenario
  const devices = rangesOf(scenario).at(-1)?.end ?? 0
  const subscribers = Array.from({ length: workers }, (): Record<string, number[]> => ({}))
  let turn = 0
  for (const [group, { count, share }] of Object.entries(scenario.subscribers)) {
    for (let number = 1; number <= count; number++) {
      const worker = subscribers[turn % workers] as Record<string, number[]>
      ;(worker[group] ??= []).push(number)
      if (share === undefined || number === count) turn++
    }
  }
  return subscribers.map((own, worker) => ({
    worker,
    devices: { first: Math.floor((worker * devices) / workers), end: Math.floor(((worker + 1) * devices) / workers) },
    subscribers: own,
  }))
}

/** Where each fleet begins and ends in the numbers of the run. */
export function rangesOf(scenario: Scenario): FleetRange[] {
  let first = 0
  return Object.entries(scenario.fleets).map(([fleet, { count }]) => {
    const range = { fleet, first, end: first + count }
    first += count
    return range
  })
}
