/// <reference lib="esnext.disposable" preserve="true" />
/** The public library: what Node programs import from `topiary-mqtt`. */
export { createBroker, type BrokerParts } from './server/create-broker.ts'
export type { AttachTerms, Broker, DuplexLike, HttpServerLike, StreamTerms } from './server/broker.ts'
export { ManualClock } from './observe/manual-clock.ts'
export { MqttError } from './contracts/embedding.ts'
export type {
  ConnectionEnd,
  ConnectOptions,
  MessageHandler,
  OutboundMessage,
  ProgramClient,
  ProgramSubscription,
  ReceivedMessage,
  SubscribeOptions,
} from './contracts/embedding.ts'
export { SettingsError } from './settings/settings-file.ts'
export type {
  AuthenticationSettings,
  HttpSettings,
  ListenerSettings,
  PartialSettings,
  StorageSettings,
  TlsSettings,
} from './settings/settings.ts'
export type { RightsRule, RightsSettings } from './auth/rights.ts'
export type { Limits, Features } from './contracts/limits.ts'
export type { Hooks, OutgoingMessage, Publication, PublicationChange } from './contracts/hooks.ts'
export type { BrokerEvents, ClientInfo, DenialInfo, DropInfo } from './contracts/events.ts'
export type { Authenticator, AuthenticationOutcome, AuthenticationRequest } from './contracts/authenticator.ts'
export type { Access, AccessAnswer, AuthorizedClient, Authorizer } from './contracts/authorizer.ts'
export type { PeerInfo } from './contracts/byte-stream.ts'
export type { ListenerAddress } from './contracts/listener.ts'
export type { Counters, DropReason, Gauges, Statistics } from './contracts/statistics.ts'
export type { DurabilityLevel, DurabilityRule } from './contracts/durability.ts'
export type {
  DurableState,
  MessageRecipient,
  Store,
  StoredMessage,
  StoreOpening,
  StoreRecord,
  StoreStatistics,
} from './contracts/store.ts'
export { StoreError } from './storage/store-error.ts'
export type { Log } from './contracts/log.ts'
export type { Clock } from './contracts/clock.ts'
export type { Properties } from './protocol/properties.ts'
