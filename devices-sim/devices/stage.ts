import type { Engine } from '../engines/engine.ts'
import type { Latencies, Tallies } from '../measures/tallies.ts'
import type { RunClock } from '../timing/run-clock.ts'
import type { Timetable } from '../timing/timetable.ts'
import type { AwayWindows } from '../proof/away-windows.ts'
import type { Mark } from '../proof/mark.ts'
import type { SendLog } from '../proof/send-log.ts'
import type { ExpectedDelivery } from '../scenario/expected-deliveries.ts'
import type { Agenda } from './agenda.ts'

/** What all clients of one process share. */
export interface Stage {
  readonly run: string
  readonly seed: number
  readonly clock: RunClock
  readonly timetable: Timetable
  readonly engines: Readonly<Record<'light' | 'mqttjs', () => Engine>>
  readonly agenda: Agenda
  readonly tallies: Tallies
  readonly latencies: Latencies
  readonly awayWindows: AwayWindows
  readonly sendLog: SendLog
  readonly deliveries: readonly ExpectedDelivery[]
  /** By group. */
  readonly subscriberCounts: Readonly<Record<string, number>>
  /** By topic: the message that the broker must retain, as far as is known. */
  readonly retained: Map<string, Mark>
  /** Local addresses in turn; empty for the machine's own choice. */
  readonly sourceAddresses: readonly string[]
  /** The run cannot go on: why. */
  fail(fault: string): void
  /** Runs `action` later, unless the run is over by then. */
  after(ms: number, action: () => void): void
}
