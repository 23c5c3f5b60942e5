import { mix, type Random, type RandomSource, SeededSource } from '../random.ts'
import { withAnomaly } from './anomaly.ts'
import { Battery } from './battery.ts'
import { Constant } from './constant.ts'
import { Counter } from './counter.ts'
import type { ReadCsv } from './csv.ts'
import { Events } from './events.ts'
import { Normal, Uniform } from './independent.ts'
import { Ramp } from './ramp.ts'
import { RandomWalk } from './random-walk.ts'
import { Replay } from './replay.ts'
import { Rounded } from './rounding.ts'
import { Route } from './route.ts'
import type { SensorOptions } from './schema.ts'
import type { Sensor } from './sensor.ts'
import type { SensorMaker } from './sensor-parts.ts'
import { States } from './states.ts'
import { Step } from './step.ts'
import { Daily, Sine } from './wave.ts'

export interface SensorNeeds {
  /** From `seedOf`. Decides all readings together with the times they are asked for. */
  readonly seed: number
  /** Instead of what follows from the seed; anomalies still follow from the seed. */
  readonly random?: Random
  readonly readCsv: ReadCsv
}

type Model = SensorOptions['model']

const makers: { readonly [M in Model]: SensorMaker<M> } = {
  constant: (options) => new Constant(options),
  uniform: (options, { random }) => new Uniform(options, random),
  normal: (options, { random }) => new Normal(options, random),
  'random-walk': (options, { random }) => new RandomWalk(options, random),
  sine: (options, { random }) => new Sine(options, random),
  daily: (options, { random }) => new Daily(options, random),
  ramp: (options, { random }) => new Ramp(options, random),
  step: (options) => new Step(options),
  states: (options, { random }) => new States(options, random),
  events: (options, { random }) => new Events(options, random),
  counter: (options, { random }) => new Counter(options, random),
  route: (options, { random }) => new Route(options, random),
  battery: (options) => new Battery(options),
  replay: (options, { random, readCsv }) => new Replay(options, random, readCsv),
}

/** A sensor of one device. It keeps `options`, which all devices of a fleet share, and little else. */
export function makeSensor(options: SensorOptions, { seed, random, readCsv }: SensorNeeds): Sensor {
  const source: RandomSource = random === undefined ? new SeededSource(seed) : { next: random }
  const make = makers[options.model] as SensorMaker<Model>
  const sensor = withAnomalies(make(options as never, { random: source, readCsv }), options, seed)
  return options.decimals === undefined ? sensor : new Rounded(sensor, options.decimals)
}

/** Each has its own random numbers: what goes wrong leaves the readings between as they were. */
function withAnomalies(sensor: Sensor, { anomalies = [] }: SensorOptions, seed: number): Sensor {
  return anomalies.reduce(
    (inner, anomaly, index) => withAnomaly(inner, anomaly, new SeededSource(mix(seed + index + 1))),
    sensor,
  )
}
