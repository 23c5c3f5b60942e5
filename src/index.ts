/** The public library: what Node programs import from `topiary-mqtt`. */
export { createBroker, type Broker, type BrokerParts, type ListenerAddress } from './server.ts'
export type { PartialSettings, ListenerSettings } from './settings/settings.ts'
export type { Limits, Features } from './contracts/limits.ts'
export type { Log } from './contracts/log.ts'
export type { Clock } from './contracts/clock.ts'
