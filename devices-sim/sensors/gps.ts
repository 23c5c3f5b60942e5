import { gaussian } from '../random.ts'
import { round, type SensorMaker } from './sensor.ts'

const metersPerDegree = 111_320

/** A walk: steady pace, slowly turning. A track may show a point twice, but no hole: QoS 1. */
export const gps: SensorMaker = (random) => {
  let latitude = 47 + 4 * random()
  let longitude = 8 + 4 * random()
  let heading = 2 * Math.PI * random()
  return {
    name: 'gps',
    qos: 1,
    intervalMs: 1_000,
    read() {
      const meters = 40 + 20 * random()
      heading += 0.3 * gaussian(random)
      latitude += (meters * Math.cos(heading)) / metersPerDegree
      longitude += (meters * Math.sin(heading)) / (metersPerDegree * Math.cos((latitude * Math.PI) / 180))
      return { latitude: round(latitude, 6), longitude: round(longitude, 6) }
    },
  }
}
