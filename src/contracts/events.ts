import type { PeerInfo } from './byte-stream.ts'
import type { DropReason } from './statistics.ts'

/** A client as hooks and events see it. */
export interface ClientInfo {
  readonly clientId: string
  /** Who it proved to be; absent for anonymous clients. */
  readonly user: string | undefined
  readonly peer: PeerInfo
  /** 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. */
  readonly protocolVersion: 3 | 4 | 5
}

/** A message that one client did not get, or that was not taken; `reason` is explained in docs/limits.md. */
export interface DropInfo {
  readonly reason: DropReason
  /** Who went without, or whose publish it was; empty where that is nobody in particular. */
  readonly clientId: string
  readonly count: number
}

export interface DenialInfo {
  readonly clientId: string
  readonly user: string | undefined
  readonly action: 'publish' | 'subscribe'
  /** The topic name, or the topic filter. */
  readonly topic: string
}

/** What has happened, for those who listen: by name, what listeners are called with. */
export interface BrokerEvents {
  /** CONNACK is on its way. */
  connected: [client: ClientInfo, details: { readonly sessionPresent: boolean }]
  /** `reason` is a sentence for people. */
  disconnected: [client: ClientInfo, details: { readonly reason: string }]
  subscribed: [client: ClientInfo, details: { readonly topicFilter: string; readonly qos: 0 | 1 | 2 }]
  unsubscribed: [client: ClientInfo, details: { readonly topicFilter: string }]
  /** A publish or a subscription was refused for want of rights. */
  denied: [denial: DenialInfo]
  dropped: [drop: DropInfo]
  /** New settings are in force; `changes` reads `limits.maximumSessions: 10 -> 20`. */
  reloaded: [changes: readonly string[]]
}
