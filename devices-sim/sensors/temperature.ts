import { gaussian } from '../random.ts'
import { readingsPerDay, round, type SensorMaker } from './sensor.ts'

/** Degrees Celsius on a daily curve, coldest before dawn, with noise. The next one replaces a lost one: QoS 0. */
export const temperature: SensorMaker = (random) => {
  const mean = 12 + 8 * random()
  const swing = 3 + 4 * random()
  let readings = Math.floor(random() * readingsPerDay)
  return {
    name: 'temperature',
    qos: 0,
    intervalMs: 1_000,
    read() {
      const day = readings++ / readingsPerDay
      return { celsius: round(mean - swing * Math.cos(2 * Math.PI * (day - 0.17)) + 0.2 * gaussian(random), 2) }
    },
  }
}
