import { defineScenario } from '../../../devices-sim/scenario/define-scenario.ts'
import { type ExpectedDelivery, expectedDeliveries } from '../../../devices-sim/scenario/expected-deliveries.ts'
import type { ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import type { ArrivalBooks, Books, StreamBooks, TrackerBooks } from '../../../devices-sim/proof/books.ts'

/** Books of a process in which nothing happened but what is given. */
export function booksOf(given: Partial<Books>): Books {
  return {
    pid: 1,
    clients: 0,
    flows: [],
    streams: [],
    wills: [],
    trackers: [],
    absences: [],
    queued: [],
    latencies: { connect: '', suback: '', late: '' },
    commands: [],
    connections: { opened: 0, reconnects: 0, failed: 0, lost: 0, missing: 0, reasons: [] },
    stray: 0,
    cpuCores: 0,
    busySeconds: 0,
    seconds: 0,
    rssBytes: 0,
    loopDelay: '',
    ...given,
  }
}

/** Ten messages of the first device, the last due after ten seconds. */
export function streamOf(given: Partial<StreamBooks> = {}): StreamBooks {
  return {
    device: 0,
    stream: 0,
    last: 10,
    lastDueUs: 10_000_000,
    discarded: [],
    unconfirmed: [],
    sentNearAbsence: [],
    ...given,
  }
}

/** All ten of them arrived. */
export function arrivalsOf(given: Partial<ArrivalBooks> = {}): ArrivalBooks {
  const missing = given.missing ?? []
  const highest = given.highest ?? 10
  return {
    device: 0,
    stream: 0,
    highest,
    received: highest - sizeOf(missing) - sizeOf(given.missedAway ?? []),
    duplicates: 0,
    duplicatesWithDup: 0,
    reordered: 0,
    repeated: [],
    late: [],
    missing,
    missedAway: [],
    connection: 1,
    ...given,
  }
}

export function trackerOf(given: Partial<TrackerBooks> = {}): TrackerBooks {
  const never = { away: [], connections: 1, connectionsAtStart: 1 }
  const none = { ...never, isShared: false, isPersistent: false, wills: [], latencies: [] }
  return { group: 's', number: 1, ...none, arrivals: [arrivalsOf()], ...given }
}

/** A fleet `d` with a message `m`, and subscribers `s` to it. */
export function deliveriesOf(
  subscriber: Partial<NonNullable<ScenarioInput['subscribers']>[string]> = {},
  fleet: Partial<NonNullable<ScenarioInput['fleets']>[string]> = {},
): readonly ExpectedDelivery[] {
  const message = { topic: 'm/{client}', qos: 1, every: '1s', payload: { format: 'fixed', bytes: 90 } } as const
  const scenario = defineScenario({
    name: 'books',
    fleets: { d: { count: 1, messages: { m: message }, ...fleet } },
    subscribers: { s: { filters: ['#'], ...subscriber } },
  })
  return expectedDeliveries(scenario)
}

function sizeOf(bounds: readonly number[]): number {
  let size = 0
  for (let at = 0; at < bounds.length; at += 2) size += (bounds[at + 1] as number) - (bounds[at] as number) + 1
  return size
}
