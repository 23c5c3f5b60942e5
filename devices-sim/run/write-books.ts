import type { Device } from '../devices/device.ts'
import type { FleetOnStage } from '../devices/fleet-on-stage.ts'
import type { Stage } from '../devices/stage.ts'
import type { GeneratorLoad } from '../measures/generator-watch.ts'
import type { Controller } from '../subscribers/controller.ts'
import type { Subscriber } from '../subscribers/subscriber.ts'
import { deviceAndStream, type Tracker } from '../subscribers/tracker.ts'
import type {
  AbsenceBooks,
  ArrivalBooks,
  Books,
  FlowBooks,
  StreamBooks,
  TrackerBooks,
  WillBooks,
} from '../proof/books.ts'

export interface Cast {
  readonly fleets: readonly FleetOnStage[]
  readonly devices: readonly Device[]
  readonly subscribers: readonly Subscriber[]
  readonly controllers: readonly Controller[]
  readonly missing: number
}

/** Puts down what one process knows when its run is over. */
export function writeBooks(stage: Stage, load: GeneratorLoad, cast: Cast): Books {
  const { tallies, latencies } = stage
  const { opened, reconnects, failed, lost } = tallies
  return {
    pid: load.pid,
    clients: cast.devices.length + cast.subscribers.length + cast.controllers.length,
    flows: cast.fleets.flatMap(flowBooks),
    streams: cast.devices.flatMap(streamBooks),
    wills: cast.devices.flatMap(willBooks),
    trackers: trackerBooks(cast.subscribers),
    absences: cast.subscribers.flatMap(absenceBooks),
    queued: stage.awayWindows.queued,
    latencies: {
      connect: latencies.connect.encode(),
      suback: latencies.suback.encode(),
      late: latencies.late.encode(),
    },
    commands: cast.controllers.map(({ name, sent, answered, timedOut, roundTrips }) => {
      return { name, sent, answered, timedOut, roundTrips: roundTrips.encode() }
    }),
    connections: { opened, reconnects, failed, lost, missing: cast.missing, reasons: [...tallies.reasons] },
    stray: tallies.stray,
    cpuCores: load.cpuCores,
    busySeconds: load.busySeconds,
    seconds: load.seconds,
    rssBytes: load.rssBytes,
    loopDelay: load.loopDelay,
  }
}

function flowBooks({ flows }: FleetOnStage): FlowBooks[] {
  return flows.map(({ flow, due, sent, acknowledged, refused, discarded, acknowledgements }) => {
    return { flow: flow.name, due, sent, acknowledged, refused, discarded, acknowledgements: acknowledgements.encode() }
  })
}

function streamBooks(device: Device): StreamBooks[] {
  return device.streams
    .filter(({ sequence }) => sequence > 0)
    .map(({ flow, sequence, lastDueUs, discarded, unconfirmed, sentNearAbsence }) => ({
      device: device.number,
      stream: flow.stream,
      last: sequence,
      lastDueUs,
      discarded: discarded?.bounds ?? [],
      unconfirmed: unconfirmed?.bounds ?? [],
      sentNearAbsence: sentNearAbsence ?? [],
    }))
}

function willBooks({ number, willsExpected = [], willsUnconfirmed = [] }: Device): WillBooks[] {
  if (willsExpected.length + willsUnconfirmed.length === 0) return []
  return [{ device: number, expected: willsExpected, unconfirmed: willsUnconfirmed }]
}

function trackerBooks(subscribers: readonly Subscriber[]): TrackerBooks[] {
  const written = new Set<Tracker>()
  const groupsWritten = new Set<string>()
  return subscribers.flatMap(({ group, number, tracker, absences }) => {
    if (written.has(tracker)) return []
    written.add(tracker)
    const isFirst = !groupsWritten.has(group.name)
    groupsWritten.add(group.name)
    return [
      {
        group: group.name,
        number: group.options.share === undefined ? number : 0,
        away: absences.map(({ leftUs, backUs }) => [leftUs, backUs] as const),
        isShared: group.options.share !== undefined,
        isPersistent: group.options.session === 'persistent',
        connections: tracker.connections,
        connectionsAtStart: tracker.connectionsAtStart,
        arrivals: arrivalBooks(tracker),
        wills: [...tracker.wills],
        latencies: isFirst ? [...group.latencies].map(([flow, latency]) => [flow, latency.encode()] as const) : [],
      },
    ]
  })
}

function arrivalBooks({ arrivals }: Tracker): ArrivalBooks[] {
  return [...arrivals].map(([key, one]) => ({
    ...deviceAndStream(key),
    highest: one.highest,
    received: one.received,
    duplicates: one.duplicates,
    duplicatesWithDup: one.duplicatesWithDup,
    reordered: one.reordered,
    repeated: one.repeated?.bounds ?? [],
    late: one.late?.bounds ?? [],
    missing: one.missing?.bounds ?? [],
    missedAway: one.missedAway?.bounds ?? [],
    connection: one.connection,
  }))
}

function absenceBooks({ group, number, absences }: Subscriber): AbsenceBooks[] {
  return absences
    .filter(({ window }) => window >= 0)
    .map(({ window, leftUs, backUs, arrived }) => {
      return { subscriber: group.name, number, window, leftUs, backUs, arrived }
    })
}
