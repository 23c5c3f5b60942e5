import type { Scenario, SubscriberGroup } from '../schema.ts'
import type { FaultList } from './fault-list.ts'

/** Phases, and when subscribers are away. */
export function checkTimes(scenario: Scenario, faults: FaultList): void {
  const { phases, fleets, subscribers } = scenario
  for (const [index, phase] of phases.entries()) {
    const path = ['phases', index]
    const isSecond = phases.findIndex((one) => one.phase === phase.phase) < index
    if (phase.phase === 'ramp' && index > 0)
      faults.add(path, isSecond ? 'is a second ramp; there can be one' : 'is a ramp, which must be the first phase')
    if (phase.phase === 'drain' && index < phases.length - 1)
      faults.add(path, 'is a drain, which must be the last phase')
    else if (phase.phase === 'drain' && isSecond) faults.add(path, 'is a second drain; there can be one')
    if ('fleet' in phase && phase.fleet !== undefined) {
      faults.expectName([...path, 'fleet'], 'fleet', phase.fleet, Object.keys(fleets))
    }
  }
  for (const [name, group] of Object.entries(subscribers)) {
    if ((group.protocol ?? scenario.protocol) === '3.1.1' && group.share !== undefined) {
      faults.add(['subscribers', name, 'share'], 'needs MQTT 5; take it out, or write protocol: "5"')
    }
    checkAway(name, group, measuredMs(scenario), faults)
    // 3.1.1 says no expiry: how long a session is kept is the broker's there
    if ((group.protocol ?? scenario.protocol) === '5') checkSessionOutlasts(name, group, faults)
  }
}

/** From the end of the ramp to the beginning of the drain. */
function measuredMs({ phases }: Scenario): number {
  const measured = phases.filter(({ phase }) => phase !== 'ramp' && phase !== 'drain')
  return measured.reduce((sum, { lasts }) => sum + lasts, 0)
}

function checkAway(name: string, { away }: SubscriberGroup, endMs: number, faults: FaultList): void {
  const inOrder = [...away.entries()].toSorted(([, one], [, other]) => one.from - other.from)
  let untilMs = 0
  for (const [index, { from, lasts }] of inOrder) {
    const path = ['subscribers', name, 'away', index]
    if (from < untilMs) faults.add(path, `begins at ${seconds(from)}, while it is still away until ${seconds(untilMs)}`)
    if (from + lasts > endMs) {
      faults.add(path, `ends at ${seconds(from + lasts)} after the ramp, but the phases are over at ${seconds(endMs)}`)
    }
    untilMs = Math.max(untilMs, from + lasts)
  }
}

function checkSessionOutlasts(
  name: string,
  { session, sessionExpiry, away }: SubscriberGroup,
  faults: FaultList,
): void {
  if (session !== 'persistent') return
  for (const [index, { lasts }] of away.entries()) {
    if (lasts < sessionExpiry) continue
    const rule = `must be below sessionExpiry (${seconds(sessionExpiry)}), not ${seconds(lasts)}`
    faults.add(['subscribers', name, 'away', index, 'lasts'], `${rule}: the broker may forget the session by then`)
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000}s`
}
