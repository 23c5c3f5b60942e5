import { round, secondsPerReading, type SensorMaker } from './sensor.ts'

/** Electricity used since the last reading, and the counter. What is billed is told exactly once: QoS 2. */
export const meter: SensorMaker = (random) => {
  let kilowattHours = Math.floor(10_000 * random())
  return {
    name: 'meter',
    qos: 2,
    intervalMs: 2_000,
    read() {
      const kilowatts = random() < 0.1 ? 2 + 2 * random() : 0.2 + 0.3 * random()
      const used = round((kilowatts * secondsPerReading) / 3600, 4)
      kilowattHours = round(kilowattHours + used, 4)
      return { used, kilowattHours }
    },
  }
}
