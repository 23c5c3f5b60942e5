/** How much may pass in a second; 0 = no limit. Messages are PUBLISH packets, bytes are all of MQTT's. */
export interface Rate {
  readonly inboundMessages: number
  readonly inboundBytes: number
  readonly outboundMessages: number
  readonly outboundBytes: number
}

/** Each holds for all connections of one client identifier, one user, one remote address, one listener together. */
export interface Rates {
  readonly client: Rate
  readonly user: Rate
  readonly address: Rate
  readonly listener: Rate
}
