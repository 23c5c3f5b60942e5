/** What a device or a subscriber asks of a client, whichever engine it runs on. */
export interface SimulatedClient {
  /** Opens a connection and sends CONNECT; `connected` or `closed` of its events tells what became of it. */
  connect(options: ConnectTerms): void
  /**
   * Sends a PUBLISH. QoS 1 and 2 have their end told to `acknowledged` with the same token. Call only while connected
   * and, for QoS 1 and 2, with fewer unacknowledged than `connected` allowed. Returns false when the socket takes no
   * more for now: `writable` tells when it does. The message was taken in either case; it and its payload are the
   * caller's again when this returns.
   */
  publish(message: OutboundPublish): boolean
  subscribe(subscriptions: readonly SubscriptionTerms[]): void
  /**
   * Sends DISCONNECT after what was published, and ends the connection. QoS 1 and 2 that still come are not told of:
   * they cannot be acknowledged any more, and belong to the session.
   */
  disconnect(): void
  /** Destroys the socket as a crash would; only `closed` is told after it. */
  drop(): void
  /** Neither reads nor sends any more, while the socket stays open; drop() ends it. Only `closed` is told after it. */
  freeze(): void
  /** Sends no PINGREQ any more. */
  stopPinging(): void
  pauseReading(): void
  resumeReading(): void
  /** What was sent and not acknowledged, oldest first. A session that goes on has it sent again by the engine. */
  readonly unacknowledged: number
}

export interface ConnectTerms {
  readonly clientId: string
  readonly protocolVersion: 4 | 5
  readonly cleanStart: boolean
  /** Seconds; 0 for a session that ends with its connection. For 3.1.1 anything above 0 means Clean Session 0. */
  readonly sessionExpiryInterval: number
  /** Seconds. */
  readonly keepAlive: number
  readonly userName: string | undefined
  readonly password: string | undefined
  readonly will: WillTerms | undefined
  readonly localAddress: string | undefined
}

export interface WillTerms {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  /** Seconds, 5.0 only. */
  readonly delay: number | undefined
  readonly mark: string | undefined
}

export interface OutboundPublish {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  /** For `acknowledged`; engines keep it and do not look at it. */
  readonly token: number
  /** Seconds, 5.0 only. */
  readonly expiry: number | undefined
  /** Goes into the user property `sim`, 5.0 only. */
  readonly mark: string | undefined
  readonly userProperties: Readonly<Record<string, string>> | undefined
  readonly responseTopic: string | undefined
  readonly correlationData: Uint8Array | undefined
}

export interface SubscriptionTerms {
  readonly topicFilter: string
  readonly qos: 0 | 1 | 2
}

/** One arrived message. The payload and everything else holds only until the call returns. */
export interface InboundPublish {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly dup: boolean
  /** The user property `sim`, 5.0 only. */
  readonly mark: string | undefined
  readonly responseTopic: string | undefined
  readonly correlationData: Uint8Array | undefined
}

/** Told of one client. None is called from within a call of the client's own methods. */
export interface ClientEvents {
  /** `receiveMaximum`: QoS 1 and 2 messages that the broker takes at once. Without a session present, what was
   * unacknowledged is forgotten and will not be told of. */
  connected(sessionPresent: boolean, receiveMaximum: number): void
  /** PUBACK or PUBCOMP (or a PUBREC that refuses). A reason code of 0x80 or above is a refusal. */
  acknowledged(token: number, reasonCode: number): void
  /** One reason code for each subscription asked for. */
  subscribed(reasonCodes: readonly number[]): void
  /** QoS 2 is told when PUBLISH comes, once for a packet identifier until PUBREL. */
  received(message: InboundPublish): void
  writable(): void
  /**
   * The connection is over, or never came about. Once per connect(). `reason` is for people: `refused: not
   * authorized`, `ECONNREFUSED`, `the broker disconnected: session taken over`.
   */
  closed(reason: string): void
}

/** Makes clients of one kind for one process. */
export interface Engine {
  /**
   * `predecessor`: a client of this engine whose place the new one takes at the broker, by the same client identifier.
   * What it had in flight is the new one's; it must not be used but for drop().
   */
  createClient(events: ClientEvents, predecessor?: SimulatedClient): SimulatedClient
  /** Ends everything at once. */
  close(): Promise<void>
}

/** What engines are told once. */
export interface EngineOptions {
  readonly url: string
  /** PEM texts. */
  readonly tls: {
    readonly ca: string | undefined
    readonly cert: string | undefined
    readonly key: string | undefined
    readonly insecure: boolean
  }
}
