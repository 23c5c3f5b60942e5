import { lightEngine } from '../../../devices-sim/engines/light/light-engine.ts'
import { describeEngine } from './engine.suite.ts'

describeEngine('the light engine', lightEngine, { pingsAfterMs: 500, givesUpAfterMs: 1000 })
