import type { QueuedBooks } from './away-windows.ts'

/** What one process has to tell when a run is over. Crosses from process to process, so it is plain data. */
export interface Books {
  readonly pid: number
  readonly clients: number
  readonly flows: readonly FlowBooks[]
  readonly streams: readonly StreamBooks[]
  readonly wills: readonly WillBooks[]
  readonly trackers: readonly TrackerBooks[]
  readonly absences: readonly AbsenceBooks[]
  readonly queued: readonly QueuedBooks[]
  readonly latencies: Readonly<Record<'connect' | 'suback' | 'late', string>>
  readonly commands: readonly CommandBooks[]
  readonly connections: {
    readonly opened: number
    readonly reconnects: number
    readonly failed: number
    readonly lost: number
    readonly missing: number
    readonly reasons: readonly (readonly [reason: string, count: number])[]
  }
  readonly stray: number
  readonly cpuCores: number
  /** Seconds in which the process had next to no processor left, of all of them. */
  readonly busySeconds: number
  readonly seconds: number
  readonly rssBytes: number
  readonly loopDelay: string
}

export interface FlowBooks {
  readonly flow: string
  readonly due: number
  readonly sent: number
  readonly acknowledged: number
  readonly refused: number
  readonly discarded: number
  /** A histogram. */
  readonly acknowledgements: string
}

/** One kind of message of one device, as it was sent. Sets are given by their bounds. */
export interface StreamBooks {
  readonly device: number
  readonly stream: number
  /** Number of the last message. */
  readonly last: number
  readonly lastDueUs: number
  readonly discarded: readonly number[]
  readonly unconfirmed: readonly number[]
  /** Sequence number and moment in turn, of what was sent near a planned absence of some subscriber. */
  readonly sentNearAbsence: readonly number[]
}

/** A will that must have been published, some time between two moments. */
export interface CalledWill {
  /** Number of the connection it belonged to. */
  readonly connection: number
  readonly fromUs: number
  readonly toUs: number
}

/** Connections of one device, by number, whose will must have been published, or may have been. */
export interface WillBooks {
  readonly device: number
  readonly expected: readonly CalledWill[]
  readonly unconfirmed: readonly number[]
}

export interface TrackerBooks {
  readonly group: string
  /** 1 for the first of the group, 0 for all of a shared subscription. */
  readonly number: number
  /** Its planned absences as they came to be: when it left, and when its subscriptions stood again. */
  readonly away: readonly (readonly [leftUs: number, backUs: number])[]
  readonly isShared: boolean
  readonly isPersistent: boolean
  /** All of them, and those before the run began. */
  readonly connections: number
  readonly connectionsAtStart: number
  readonly arrivals: readonly ArrivalBooks[]
  readonly wills: readonly (readonly [device: number, connections: readonly number[]])[]
  /** By flow; the same for all trackers of a group in a process, so only the first has them. */
  readonly latencies: readonly (readonly [flow: string, histogram: string])[]
}

export interface ArrivalBooks {
  readonly device: number
  readonly stream: number
  readonly highest: number
  readonly received: number
  readonly duplicates: number
  readonly duplicatesWithDup: number
  readonly reordered: number
  readonly repeated: readonly number[]
  readonly late: readonly number[]
  readonly missing: readonly number[]
  readonly missedAway: readonly number[]
  /** The connection in which the last one came. */
  readonly connection: number
}

export interface AbsenceBooks {
  readonly subscriber: string
  readonly number: number
  readonly window: number
  readonly leftUs: number
  readonly backUs: number
  readonly arrived: number
}

export interface CommandBooks {
  readonly name: string
  readonly sent: number
  readonly answered: number
  readonly timedOut: number
  readonly roundTrips: string
}

/** One second of one process. */
export interface SecondBooks {
  readonly second: number
  readonly connected: number
  readonly due: number
  readonly sent: number
  readonly acknowledged: number
  readonly received: number
  readonly discarded: number
  readonly lost: number
  readonly duplicates: number
  readonly endToEnd: string
  readonly acknowledgement: string
  readonly cpuCores: number
  readonly loopDelayP99Ms: number
}

/** How far one process is. */
export interface WorkerStatus {
  /** Devices. */
  readonly connected: number
  /** Subscribers that have a connection. */
  readonly listening: number
  readonly sent: number
  readonly received: number
  readonly discarded: number
  readonly duplicates: number
  readonly lost: number
  /** Devices, commands and subscribers that are not done: something waits, is on its way, or they are away. */
  readonly busy: number
  /** First arrivals at QoS 1 and 2 that devices promise, summed over all subscribers; and those that came. */
  readonly owed: number
  readonly owedReceived: number
  readonly willsExpected: number
  readonly willsSeen: number
  readonly lateP99Ms: number
  /** Seconds that have ended since the last time. */
  readonly seconds: readonly SecondBooks[]
}
