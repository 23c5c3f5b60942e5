import type { Phase, Scenario } from './schema.ts'

/** What a command line says otherwise than the file. */
export interface Overrides {
  readonly url?: string | undefined
  readonly seed?: number | undefined
  readonly engine?: Scenario['engine'] | undefined
  readonly protocol?: Scenario['protocol'] | undefined
  readonly workers?: number | undefined
  readonly userName?: string | undefined
  readonly password?: string | undefined
  /** Of all phases together but the drain, in milliseconds. */
  readonly duration?: number | undefined
}

/** The scenario with what the command line says; engine, protocol and login are then those of every client. */
export function overridden(scenario: Scenario, overrides: Overrides): Scenario {
  const { url, seed, engine, protocol, workers, userName, password, duration } = overrides
  const everyClient = {
    ...(engine !== undefined && { engine }),
    ...(protocol !== undefined && { protocol }),
    ...(userName !== undefined && { userName: literal(userName) }),
    ...(password !== undefined && { password: literal(password) }),
  }
  const changed: Scenario = {
    ...scenario,
    ...(engine !== undefined && { engine }),
    ...(protocol !== undefined && { protocol }),
    ...(seed !== undefined && { seed }),
    ...(workers !== undefined && { workers }),
    broker: { ...scenario.broker, ...(url !== undefined && { url }) },
    fleets: mapped(scenario.fleets, (fleet) => ({ ...fleet, ...everyClient })),
    subscribers: mapped(scenario.subscribers, (group) => ({ ...group, ...everyClient })),
  }
  return duration === undefined ? changed : lasting(changed, duration)
}

/** The same course of events in another time: phases and absences are stretched or squeezed together. */
function lasting(scenario: Scenario, durationMs: number): Scenario {
  const plannedMs = scenario.phases.reduce((sum, phase) => sum + (isDrain(phase) ? 0 : phase.lasts), 0)
  if (plannedMs === 0) {
    return { ...scenario, phases: [{ phase: 'hold', lasts: durationMs }, ...scenario.phases.filter(isDrain)] }
  }
  const factor = durationMs / plannedMs
  return {
    ...scenario,
    warmUp: scenario.warmUp * factor,
    phases: scenario.phases.map((phase) => (isDrain(phase) ? phase : { ...phase, lasts: phase.lasts * factor })),
    subscribers: mapped(scenario.subscribers, (group) => ({
      ...group,
      away: group.away.map((one) => ({ ...one, from: one.from * factor, lasts: one.lasts * factor })),
    })),
  }
}

/** As a template that has no places. */
function literal(text: string): string {
  return text.replaceAll(/[{}]/g, '$&$&')
}

function isDrain({ phase }: Phase): boolean {
  return phase === 'drain'
}

function mapped<T>(items: Readonly<Record<string, T>>, change: (item: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(items).map(([name, item]) => [name, change(item)]))
}
