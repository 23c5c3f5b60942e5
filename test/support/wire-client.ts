import {
  decodePacket,
  splitPackets,
  type Ack,
  type Connack,
  type Disconnect,
  type InboundKind,
  type InboundPacket,
  type PacketOf,
  type Publish,
  type Suback,
} from './wire-decoder.ts'
import {
  ackPacket,
  authPacket,
  connectPacket,
  disconnectPacket,
  joined,
  pingreqPacket,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
  type AckKind,
  type ConnectFields,
  type FilterFields,
  type Properties,
  type ProtocolVersion,
  type PublishFields,
  type Text,
} from './wire-packets.ts'
import { openTcp, openWebSocket, type WireTransport } from './wire-transport.ts'
import { WireWatch } from './wire-watch.ts'

export type { Ack, Connack, Disconnect, InboundPacket, Publish, Suback } from './wire-decoder.ts'

/** A guard against waiting for ever, not a measurement: a busy machine may need a while. */
const waitMs = 20_000
const openClients = new Set<WireClient>()

export interface WireClientOptions {
  readonly port: number
  readonly version?: ProtocolVersion
  readonly transport?: 'tcp' | 'websocket'
  /** Answers inbound QoS 1 and 2 by itself. */
  readonly autoAcknowledge?: boolean
  readonly subprotocols?: readonly string[]
  readonly path?: string
}

/** How a connection ended: the code of the broker's last word (DISCONNECT or refusing CONNACK), if it had one. */
export interface Closing {
  readonly reasonCode: number | undefined
  readonly last: Disconnect | Connack | undefined
  /** Close code of a WebSocket. */
  readonly webSocketCode: number | undefined
}

interface Waiter {
  readonly check: () => boolean
  readonly resolve: () => void
}

/**
 * A raw MQTT client for tests. It sends any bytes, keeps every inbound packet in order, and judges each against the
 * standard: what a broker must not send is a violation, and every later wait of this client throws it.
 */
export class WireClient {
  readonly version: ProtocolVersion
  /** Everything that arrived, in order; never cleared. */
  readonly received: InboundPacket[] = []
  autoAcknowledge: boolean
  #transport: WireTransport | undefined
  #untaken: InboundPacket[] = []
  #bytes: Uint8Array = new Uint8Array()
  #violation: Error | undefined
  #closed: { code: number | undefined } | undefined
  #lastPacketId = 0
  readonly #watch: WireWatch
  readonly #waiters = new Set<Waiter>()

  private constructor(options: WireClientOptions) {
    this.version = options.version ?? 5
    this.autoAcknowledge = options.autoAcknowledge ?? false
    this.#watch = new WireWatch(this.version)
  }

  /** Opens the connection; sends nothing. */
  static async open(options: WireClientOptions): Promise<WireClient> {
    const client = new WireClient(options)
    const events = {
      onData: (bytes: Uint8Array) => client.#receive(bytes),
      onClose: (code: number | undefined) => {
        client.#closed = { code }
        client.#wake()
      },
    }
    client.#transport =
      options.transport === 'websocket'
        ? await openWebSocket(
            `ws://127.0.0.1:${options.port}${options.path ?? '/mqtt'}`,
            options.subprotocols ?? ['mqtt'],
            events,
          )
        : await openTcp(options.port, events)
    openClients.add(client)
    return client
  }

  /** Opens the connection and has its CONNECT accepted. */
  static async connected(options: WireClientOptions & ConnectFields): Promise<WireClient> {
    const client = await WireClient.open(options)
    const connack = await client.connect(options)
    if (connack.reasonCode !== 0) throw new Error(`CONNECT refused with 0x${connack.reasonCode.toString(16)}`)
    return client
  }

  get transport(): WireTransport {
    if (this.#transport === undefined) throw new Error('not open yet')
    return this.#transport
  }

  get violation(): Error | undefined {
    return this.#violation
  }

  /** The accepting or refusing CONNACK. */
  get connack(): Connack {
    const first = this.received.find((packet) => packet.kind === 'connack')
    if (first === undefined) throw new Error('no CONNACK yet')
    return first
  }

  /** All in one write. */
  send(...packets: readonly Uint8Array[]): void {
    this.transport.write(packets.length === 1 && packets[0] !== undefined ? packets[0] : joined(...packets))
  }

  /** Cuts the connection without DISCONNECT and waits until that is done on this side. */
  async abort(): Promise<void> {
    this.transport.abort()
    await this.#until(() => this.#closed !== undefined, 'own close')
  }

  // Waiting

  /** The first packet of this kind that no wait has taken yet. */
  async next<Kind extends InboundKind>(kind: Kind): Promise<PacketOf[Kind]> {
    const index = () => this.#untaken.findIndex((packet) => packet.kind === kind)
    await this.#until(() => index() >= 0, kind)
    return this.#untaken.splice(index(), 1)[0] as PacketOf[Kind]
  }

  /** The next packet of any kind. */
  async nextAny(): Promise<InboundPacket> {
    await this.#until(() => this.#untaken.length > 0, 'a packet')
    return this.#untaken.shift() as InboundPacket
  }

  /** `count` PUBLISH packets in order of arrival. */
  async publishes(count: number): Promise<Publish[]> {
    const list: Publish[] = []
    while (list.length < count) list.push(await this.next('publish'))
    return list
  }

  /** A PINGREQ round trip: afterwards nothing the broker had to say before is still on its way. */
  async barrier(): Promise<void> {
    this.send(pingreqPacket)
    await this.next('pingresp')
  }

  /** Takes all that arrived up to a PINGREQ round trip; an empty list proves that nothing did. */
  async rest(): Promise<InboundPacket[]> {
    await this.barrier()
    return this.#untaken.splice(0)
  }

  /** Payloads of all untaken PUBLISH packets up to a PINGREQ round trip, in order. */
  async restOfPayloads(): Promise<string[]> {
    return (await this.rest()).filter((packet) => packet.kind === 'publish').map((publish) => publish.text)
  }

  /** Waits until the broker has closed the connection. */
  async closed(): Promise<Closing> {
    await this.#until(() => this.#closed !== undefined, 'the connection to close', false)
    const last = this.received.findLast((packet) => packet.kind === 'disconnect' || packet.kind === 'connack')
    const word = last?.kind === 'disconnect' || (last?.kind === 'connack' && last.reasonCode > 0) ? last : undefined
    return {
      reasonCode: word?.reasonCode,
      last: word as Disconnect | Connack | undefined,
      webSocketCode: this.#closed?.code,
    }
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  // Speaking

  /** CONNECT; resolves with whatever CONNACK comes. */
  connect(fields: ConnectFields = {}): Promise<Connack> {
    this.sendConnect(fields)
    return this.next('connack')
  }

  sendConnect(fields: ConnectFields = {}): void {
    this.#watch.sentConnect(fields)
    this.send(connectPacket(this.version, fields))
  }

  /** PUBLISH and, at QoS 1 and 2, the whole flow; resolves with PUBACK, PUBREC when it refuses, or PUBCOMP. */
  async publish(topicName: Text, payload: Text = '', fields: PublishFields = {}): Promise<Ack | undefined> {
    const packetId = this.sendPublish(topicName, payload, fields)
    if (fields.qos === undefined || fields.qos === 0) return undefined
    if (fields.qos === 1) return this.#nextAck('puback', packetId)
    const pubrec = await this.#nextAck('pubrec', packetId)
    if (pubrec.reasonCode >= 0x80) return pubrec
    this.acknowledge('pubrel', packetId)
    return this.#nextAck('pubcomp', packetId)
  }

  sendPublish(topicName: Text, payload: Text = '', fields: PublishFields = {}): number {
    const packetId = fields.packetId ?? this.nextPacketId()
    this.send(publishPacket(this.version, topicName, payload, { ...fields, packetId }))
    return packetId
  }

  acknowledge(kind: AckKind, packetId: number, reasonCode?: number, properties?: Properties): void {
    this.#watch.sentAck(kind, packetId, reasonCode ?? 0)
    this.send(ackPacket(kind, packetId, reasonCode, properties))
  }

  async subscribe(
    filters: Text | FilterFields | readonly FilterFields[],
    properties?: Properties,
    packetId = this.nextPacketId(),
  ): Promise<Suback> {
    this.send(subscribePacket(this.version, packetId, filterList(filters), properties))
    return this.next('suback')
  }

  async unsubscribe(topicFilters: Text | readonly Text[], packetId = this.nextPacketId()): Promise<Suback> {
    const list = typeof topicFilters === 'string' || topicFilters instanceof Uint8Array ? [topicFilters] : topicFilters
    this.send(unsubscribePacket(this.version, packetId, list))
    return this.next('unsuback')
  }

  /** DISCONNECT, and waits until the broker has closed the connection. */
  disconnect(reasonCode?: number, properties?: Properties): Promise<Closing> {
    this.send(disconnectPacket(reasonCode, properties))
    return this.closed()
  }

  auth(reasonCode: number, properties: Properties): void {
    this.send(authPacket(reasonCode, properties))
  }

  nextPacketId(): number {
    this.#lastPacketId = (this.#lastPacketId % 65_535) + 1
    return this.#lastPacketId
  }

  // Listening

  #receive(bytes: Uint8Array): void {
    if (this.#violation !== undefined) return
    try {
      const { packets, rest } = splitPackets(this.#bytes.length === 0 ? bytes : joined(this.#bytes, bytes))
      this.#bytes = rest
      for (const raw of packets) this.#take(decodePacket(this.version, raw))
    } catch (error) {
      this.#violation = new Error(`broker broke the standard: ${(error as Error).message}`)
    }
    this.#wake()
  }

  #take(packet: InboundPacket): void {
    this.#watch.received(packet)
    this.received.push(packet)
    this.#untaken.push(packet)
    if (!this.autoAcknowledge) return
    if (packet.kind === 'publish' && packet.qos === 1) this.acknowledge('puback', packet.packetId)
    if (packet.kind === 'publish' && packet.qos === 2) this.acknowledge('pubrec', packet.packetId)
    if (packet.kind === 'pubrel') {
      this.acknowledge('pubcomp', packet.packetId)
      this.#untaken.pop()
    }
  }

  async #nextAck(kind: AckKind, packetId: number): Promise<Ack> {
    const ack = await this.next(kind)
    if (ack.packetId !== packetId) throw new Error(`${kind} for ${ack.packetId} instead of ${packetId}`)
    return ack
  }

  #until(check: () => boolean, what: string, failWhenClosed = true): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => check() || this.#violation !== undefined || (failWhenClosed && this.#closed !== undefined)
      const waiter: Waiter = {
        check: done,
        resolve: () => {
          clearTimeout(timer)
          this.#waiters.delete(waiter)
          if (this.#violation !== undefined) reject(this.#violation)
          else if (check()) resolve()
          else reject(new Error(`connection closed while waiting for ${what}; ${this.#story()}`))
        },
      }
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter)
        reject(new Error(`waited ${waitMs} ms in vain for ${what}; ${this.#story()}`))
      }, waitMs)
      this.#waiters.add(waiter)
      if (done()) waiter.resolve()
    })
  }

  #story(): string {
    const story = this.received.map((packet) =>
      'reasonCode' in packet ? `${packet.kind} 0x${packet.reasonCode.toString(16)}` : packet.kind,
    )
    return `received: ${story.slice(-12).join(', ') || 'nothing'}`
  }

  #wake(): void {
    for (const waiter of this.#waiters) if (waiter.check()) waiter.resolve()
  }
}

/** For `afterEach`: cuts all connections still open, and throws if any client saw the broker break the standard. */
export async function releaseClients(): Promise<void> {
  const violations: Error[] = []
  for (const client of openClients) {
    if (client.violation !== undefined) violations.push(client.violation)
    client.transport.abort()
  }
  openClients.clear()
  if (violations[0] !== undefined) throw violations[0]
}

function filterList(filters: Text | FilterFields | readonly FilterFields[]): readonly FilterFields[] {
  if (typeof filters === 'string' || filters instanceof Uint8Array) return [{ topicFilter: filters }]
  return Array.isArray(filters) ? (filters as readonly FilterFields[]) : [filters as FilterFields]
}
