import type { Reading, Sensor, SensorContext } from '../sensors/sensor.ts'
import type { Device } from './device.ts'
import type { FlowOnStage } from './flow-on-stage.ts'

export type Readings = Readonly<Record<string, Reading>>

/** All sensors of a message had nothing to say: it is not sent. */
export const nothingToSay: Readings = {}
const noReadings: Readings = {}

/** Reads the sensors of a message at its due time. */
export function readSensors(device: Device, flow: FlowOnStage, dueUs: number): Readings {
  const { sensorIndexes } = flow
  if (sensorIndexes.length === 0) return noReadings
  const { stage, sensorNames } = flow.fleet
  const timeMs = stage.clock.simulatedMs(dueUs)
  const context = { timeMs, elapsedMs: timeMs - stage.clock.simulatedMs(stage.timetable.rampEndUs), index: 0 }
  const readings: Record<string, Reading> = {}
  let hasAny = false
  for (const index of sensorIndexes) {
    const reading = readSensor(device, index, context)
    if (reading === undefined) continue
    readings[sensorNames[index] as string] = reading
    hasAny = true
  }
  return hasAny ? readings : nothingToSay
}

function readSensor(
  device: Device,
  index: number,
  context: { -readonly [Key in keyof SensorContext]: number },
): Reading {
  const count = device.readCounts[index] as number
  device.readCounts[index] = count + 1
  context.index = count
  return (device.sensors[index] as Sensor).read(context)
}
