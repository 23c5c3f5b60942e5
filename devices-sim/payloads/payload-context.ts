import type { Mark } from '../proof/mark.ts'
import type { Reading } from '../sensors/sensor.ts'

/** What is known of one message when its payload is written. */
export interface PayloadContext {
  /** By name of the sensor. */
  readonly readings: Readonly<Record<string, Reading>>
  /** Goes into the payload; undefined where it travels as a user property. */
  readonly mark: Mark | undefined
  /** Simulated time, in milliseconds since 1970. */
  readonly timeMs: number
  /** Microseconds since the run began, as in a mark. */
  readonly dueUs: number
  /** 1 for the first message of this stream of this device. */
  readonly sequence: number
  readonly run: string
  readonly fleet: string
  /** Number of the device in its fleet, 1 for the first. */
  readonly number: number
  /** The client identifier. */
  readonly client: string
}
