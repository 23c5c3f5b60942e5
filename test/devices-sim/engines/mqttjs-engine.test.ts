import { mqttjsEngine } from '../../../devices-sim/engines/mqttjs/mqttjs-engine.ts'
import { describeEngine } from './engine.suite.ts'

describeEngine('the MQTT.js engine', mqttjsEngine, { pingsAfterMs: 1000, givesUpAfterMs: 1500 })
