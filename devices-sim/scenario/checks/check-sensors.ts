import type { DocumentPath } from '../../../src/documents/document-fault.ts'
import type { SensorOptions } from '../../sensors/schema.ts'
import type { Scenario } from '../schema.ts'
import { type FaultList, noSuch } from './fault-list.ts'

/** Numbers of a sensor that contradict each other. */
export function checkSensors(scenario: Scenario, faults: FaultList): void {
  for (const [name, { sensors }] of Object.entries(scenario.fleets)) {
    for (const [key, sensor] of Object.entries(sensors)) {
      if (typeof sensor !== 'function') checkSensor(['fleets', name, 'sensors', key], sensor, faults)
    }
  }
}

function checkSensor(path: DocumentPath, sensor: SensorOptions, faults: FaultList): void {
  switch (sensor.model) {
    case 'uniform':
    case 'random-walk':
      if (sensor.min > sensor.max)
        faults.add([...path, 'min'], `must be at most max (${sensor.max}), not ${sensor.min}`)
      else if (sensor.model === 'random-walk' && (sensor.start < sensor.min || sensor.start > sensor.max)) {
        faults.add([...path, 'start'], `must be from min (${sensor.min}) to max (${sensor.max}), not ${sensor.start}`)
      }
      break
    case 'daily':
      if (sensor.low > sensor.high)
        faults.add([...path, 'low'], `must be at most high (${sensor.high}), not ${sensor.low}`)
      break
    case 'counter':
      if (sensor.rollover !== undefined && (sensor.start < 0 || sensor.start >= sensor.rollover)) {
        faults.add([...path, 'start'], `must be from 0 to below rollover (${sensor.rollover}), not ${sensor.start}`)
      }
      break
    case 'sine':
    case 'ramp':
    case 'step':
    case 'battery': {
      const key = ({ sine: 'period', ramp: 'over', step: 'every', battery: 'lasts' } as const)[sensor.model]
      if ((sensor as Readonly<Record<string, unknown>>)[key] === 0) faults.add([...path, key], 'must be above 0')
      break
    }
    case 'states':
      checkStates(path, sensor, faults)
  }
}

function checkStates(
  path: DocumentPath,
  { start, states }: Extract<SensorOptions, { model: 'states' }>,
  faults: FaultList,
): void {
  const known = Object.keys(states)
  faults.expectName([...path, 'start'], 'state', start, known)
  for (const [state, chances] of Object.entries(states)) {
    const sum = Object.values(chances).reduce((total, chance) => total + chance, 0)
    // sums of decimals come out a little off
    if (sum > 1 + 1e-9) {
      faults.add([...path, 'states', state], `must have chances of at most 1 together, not ${Number(sum.toFixed(6))}`)
    }
    for (const next of Object.keys(chances)) {
      if (!known.includes(next)) faults.addName([...path, 'states', state, next], `is ${noSuch('state', next, known)}`)
    }
  }
}
