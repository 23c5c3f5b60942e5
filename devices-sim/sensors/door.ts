import type { SensorMaker } from './sensor.ts'

/** How probable an event is between two looks at the switch. Small looks and no memory make it a Poisson process. */
const eventProbability = 0.05

/** A switch that reports only when the door moves. A missed alarm is bad, a repeated one is not: QoS 1. */
export const door: SensorMaker = (random) => {
  let open = random() < 0.2
  return {
    name: 'door',
    qos: 1,
    intervalMs: 250,
    read() {
      if (random() >= eventProbability) return undefined
      open = !open
      return { open }
    },
  }
}
