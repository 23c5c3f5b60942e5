import type { Phase, Scenario } from '../scenario/schema.ts'

/** Devices that connect in a second where a scenario has no ramp. */
const DEFAULT_RAMP_PER_SECOND = 500
const DEFAULT_DRAIN_MS = 10_000

export interface PlannedPhase {
  readonly phase: Phase
  readonly fromUs: number
  readonly toUs: number
}

/** When what happens, in microseconds since the run began. Follows from the scenario alone. */
export interface Timetable {
  /** Devices connect from 0 to here, and report from here on. */
  readonly rampEndUs: number
  /** Ramp and drain included. */
  readonly phases: readonly PlannedPhase[]
  /** Nothing is due from here on. */
  readonly endUs: number
  /** How long what is on its way may take then. */
  readonly drainUs: number
  /** Latencies of what is due before do not count. */
  readonly warmUpEndUs: number
}

export function timetableOf(scenario: Scenario): Timetable {
  const devices = Object.values(scenario.fleets).reduce((sum, { count }) => sum + count, 0)
  const given = scenario.phases
  const ramp =
    given[0]?.phase === 'ramp' ? [] : [{ phase: 'ramp' as const, lasts: (devices / DEFAULT_RAMP_PER_SECOND) * 1000 }]
  const drain = given.at(-1)?.phase === 'drain' ? [] : [{ phase: 'drain' as const, lasts: DEFAULT_DRAIN_MS }]
  let atUs = 0
  const phases = [...ramp, ...given, ...drain].map((phase) => {
    const fromUs = atUs
    atUs += phase.lasts * 1000
    return { phase, fromUs, toUs: atUs }
  })
  const rampEndUs = phases[0]?.toUs ?? 0
  const last = phases.at(-1) as PlannedPhase
  return {
    rampEndUs,
    phases,
    endUs: last.fromUs,
    drainUs: last.toUs - last.fromUs,
    warmUpEndUs: rampEndUs + scenario.warmUp * 1000,
  }
}

/** How many times as often as usual devices report: the spikes, in their order. */
export function rateAt(spikes: readonly PlannedPhase[], us: number): number {
  for (const { phase, fromUs, toUs } of spikes) {
    if (us >= fromUs && us < toUs && phase.phase === 'spike') return phase.times
  }
  return 1
}

/**
 * When an interval that begins at `fromUs` is over: in a spike it passes so many times as fast. Also one that began
 * before the spike, or devices that report less often than a spike lasts would hardly notice it.
 */
export function intervalEndUs(spikes: readonly PlannedPhase[], fromUs: number, intervalUs: number): number {
  let atUs = fromUs
  let leftUs = intervalUs
  for (const { phase, fromUs: beginsUs, toUs } of spikes) {
    if (phase.phase !== 'spike' || toUs <= atUs) continue
    const beforeUs = Math.max(0, beginsUs - atUs)
    if (leftUs <= beforeUs) break
    const insideUs = (toUs - atUs - beforeUs) * phase.times
    if (leftUs - beforeUs <= insideUs) return atUs + beforeUs + (leftUs - beforeUs) / phase.times
    leftUs -= beforeUs + insideUs
    atUs = toUs
  }
  return atUs + leftUs
}
