import type { PeerInfo } from '../contracts/byte-stream.ts'
import {
  type ConnectionEnd,
  type ConnectOptions,
  type MessageHandler,
  MqttError,
  type OutboundMessage,
  type ProgramClient,
  type ProgramSubscription,
  type SubscribeOptions,
} from '../contracts/embedding.ts'
import type { AcceptStream } from '../contracts/listener.ts'
import type { Log } from '../contracts/log.ts'
import { encodeConnect } from '../protocol/packets/connect.ts'
import { encodeDisconnect } from '../protocol/packets/disconnect.ts'
import { encodePublishResponse } from '../protocol/packets/publish-response.ts'
import { encodeSubscribe } from '../protocol/packets/subscribe.ts'
import { encodeUnsubscribe } from '../protocol/packets/unsubscribe.ts'
import { ReasonCode, reasonCodeName } from '../protocol/reason-codes.ts'
import {
  levelsMatch,
  parseSharedFilter,
  quotedTopic,
  SHARE_PREFIX,
  splitLevels,
  topicFilterFault,
  topicTextFault,
} from '../topics/topic-syntax.ts'
import { type ClientPacket, ClientPackets } from './client-packets.ts'
import { connectPacket } from './connect-packet.ts'
import { encodeMessage, programMessage } from './encode-message.ts'
import { InProcessStream } from './in-process-stream.ts'

interface Handled {
  readonly levels: readonly string[]
  /** Sent along by the broker: a topic may match filters that a message did not come by. */
  readonly identifier: number
  readonly handler: MessageHandler
}

/** Resolves with the reason codes of the acknowledgement. */
type Pending = (reasonCodes: readonly number[]) => void

/** Connects, and resolves when the broker has accepted. Rejects with MqttError when it refuses. */
export function connectInProcess(
  accept: AcceptStream,
  peer: PeerInfo,
  options: ConnectOptions,
  log: Log,
): Promise<ProgramClient> {
  return new Promise((resolve, reject) => {
    new InProcessClient(peer, options, log, resolve, reject).open(accept, options)
  })
}

class InProcessClient implements ProgramClient {
  clientId: string
  sessionPresent = false
  readonly ended: Promise<ConnectionEnd>
  readonly #stream: InProcessStream
  readonly #packets = new ClientPackets((packet) => this.#received(packet))
  readonly #log: Log
  readonly #onMessage: MessageHandler | undefined
  readonly #handled = new Map<string, Handled>()
  readonly #pending = new Map<number, Pending>()
  #lastIdentifier = 0
  #hasIdentifiers = true
  #nextPacketId = 1
  /** What the broker allows to be unacknowledged; further publishes wait. */
  #quota = 65_535
  readonly #waitingForQuota: (() => void)[] = []
  #isEnded = false
  #end: ConnectionEnd = { reasonCode: undefined, reason: 'the connection was closed' }
  readonly #connected: (client: ProgramClient) => void
  readonly #refused: (error: Error) => void
  #onEnded: (end: ConnectionEnd) => void = nobody

  constructor(
    peer: PeerInfo,
    options: ConnectOptions,
    log: Log,
    connected: (client: ProgramClient) => void,
    refused: (error: Error) => void,
  ) {
    this.clientId = options.clientId ?? ''
    this.#log = log
    this.#onMessage = options.onMessage
    this.#connected = connected
    this.#refused = refused
    this.ended = new Promise((resolve) => (this.#onEnded = resolve))
    this.#stream = new InProcessStream(peer, {
      onData: (bytes) => this.#packets.push(bytes),
      onClose: () => this.#closed(),
    })
  }

  open(accept: AcceptStream, options: ConnectOptions): void {
    const connect = encodeConnect(connectPacket(options)) // throws before anything is opened
    accept(this.#stream)
    this.#stream.send(connect)
  }

  async publish(message: OutboundMessage): Promise<void> {
    const made = programMessage(message, 0) // checked and copied before anything waits
    if (made.qos === 0) {
      this.#send(encodeMessage(made, 0))
      return
    }
    if (this.#quota > 0) this.#quota--
    else await new Promise<void>((resolve) => this.#waitingForQuota.push(resolve))
    try {
      const [reasonCode = 0] = await this.#request((packetId) => encodeMessage(made, packetId))
      if (reasonCode >= 0x80) throw refusal(`publishing to ${message.topic}`, reasonCode)
    } finally {
      const next = this.#waitingForQuota.shift()
      if (next === undefined) this.#quota++
      else next() // whoever waits longest has it now, before any newcomer
    }
  }

  async subscribe(
    topicFilter: string,
    handler: MessageHandler,
    options: SubscribeOptions = {},
  ): Promise<ProgramSubscription> {
    const { qos = 0, noLocal = false, retainAsPublished = false, retainHandling = 0 } = options
    const levels = filterLevels(topicFilter, noLocal)
    const replaced = this.#handled.get(topicFilter)
    const identifier = replaced?.identifier ?? ++this.#lastIdentifier
    const properties = this.#hasIdentifiers ? { subscriptionIdentifiers: [identifier] } : {}
    const subscriptions = [{ topicFilter, qos, noLocal, retainAsPublished, retainHandling }]
    const acknowledged = this.#request((packetId) => encodeSubscribe({ packetId, properties, subscriptions }, 5))
    // before SUBACK: retained messages may come in the same turn
    const handled = { levels, identifier, handler }
    this.#handled.set(topicFilter, handled)
    const [granted = 0x80] = await acknowledged
    if (granted >= 0x80) {
      this.#forget(topicFilter, handled, replaced)
      throw refusal(`subscribing to ${topicFilter}`, granted)
    }
    return {
      topicFilter,
      qos: granted as 0 | 1 | 2,
      unsubscribe: () => this.#unsubscribe(topicFilter, handled),
    }
  }

  ping(): void {
    this.#send(Uint8Array.of(0xc0, 0))
  }

  async close(): Promise<void> {
    if (this.#isEnded) return
    this.#end = { reasonCode: undefined, reason: 'the client disconnected' }
    this.#stream.send(encodeDisconnect({ reasonCode: 0, properties: {} }, 5))
    await this.ended
  }

  async drop(): Promise<void> {
    this.#stream.destroy()
    await this.ended
  }

  async #unsubscribe(topicFilter: string, handled: Handled): Promise<void> {
    if (this.#isEnded || this.#handled.get(topicFilter) !== handled) return
    await this.#request((packetId) => encodeUnsubscribe({ packetId, properties: {}, topicFilters: [topicFilter] }, 5))
    this.#forget(topicFilter, handled)
  }

  /** Goes back to the handler before, unless another has taken the place meanwhile. */
  #forget(topicFilter: string, handled: Handled, before?: Handled): void {
    if (this.#handled.get(topicFilter) !== handled) return
    if (before === undefined) this.#handled.delete(topicFilter)
    else this.#handled.set(topicFilter, before)
  }

  #received(packet: ClientPacket): void {
    switch (packet.type) {
      case 'connack':
        if (packet.reasonCode !== 0) {
          this.#refused(refusal('connecting', packet.reasonCode, packet.properties.reasonString))
          return
        }
        this.clientId = packet.properties.assignedClientIdentifier ?? this.clientId
        this.sessionPresent = packet.sessionPresent
        this.#hasIdentifiers = packet.properties.subscriptionIdentifiersAvailable !== 0
        this.#quota = packet.properties.receiveMaximum ?? 65_535
        this.#connected(this)
        return
      case 'publish':
        this.#deliver(packet)
        return
      case 'pubrel':
        this.#respond('pubcomp', packet.packetId)
        return
      case 'pubrec':
        if (packet.reasonCode < 0x80) this.#respond('pubrel', packet.packetId)
        else this.#settle(packet.packetId, [packet.reasonCode])
        return
      case 'puback':
      case 'pubcomp':
        this.#settle(packet.packetId, [packet.reasonCode])
        return
      case 'suback':
      case 'unsuback':
        this.#settle(packet.packetId, packet.reasonCodes)
        return
      case 'disconnect': {
        const { reasonCode, reasonString } = packet
        this.#end = { reasonCode, reason: reasonString ?? reasonCodeName(reasonCode) }
      }
    }
  }

  #deliver({ packetId, message, subscriptionIdentifiers }: Extract<ClientPacket, { type: 'publish' }>): void {
    // nothing comes twice on one connection, which loses no bytes: QoS 2 needs no memory here
    const levels = splitLevels(message.topic)
    let isHandled = false
    for (const handled of this.#handled.values()) {
      if (!levelsMatch(handled.levels, levels)) continue
      if (subscriptionIdentifiers?.includes(handled.identifier) === false) continue
      isHandled = true
      this.#hand(handled.handler, message)
    }
    if (!isHandled && this.#onMessage !== undefined) this.#hand(this.#onMessage, message)
    if (message.qos > 0) this.#respond(message.qos === 1 ? 'puback' : 'pubrec', packetId)
  }

  /** A handler that throws is the program's fault, not the broker's. */
  #hand(handler: MessageHandler, message: Parameters<MessageHandler>[0]): void {
    try {
      handler(message)
    } catch (error) {
      const detail = error instanceof Error ? error.stack : String(error)
      this.#log.error({ clientId: this.clientId, topic: message.topic, error: detail }, 'a message handler failed')
    }
  }

  #respond(type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', packetId: number): void {
    this.#send(encodePublishResponse({ type, packetId, reasonCode: 0, properties: {} }, 5))
  }

  #send(bytes: Uint8Array): void {
    if (this.#isEnded) throw new Error(`client ${this.clientId} is not connected any more: ${this.#end.reason}`)
    this.#stream.send(bytes)
  }

  /**
   * Sends a packet under an identifier of its own. Resolves with the reason codes of its acknowledgement; throws at
   * once, with nothing left behind, when it cannot be sent.
   */
  #request(encode: (packetId: number) => Uint8Array): Promise<readonly number[]> {
    const packetId = this.#takePacketId()
    this.#send(encode(packetId))
    return new Promise((resolve) => this.#pending.set(packetId, resolve))
  }

  #settle(packetId: number, reasonCodes: readonly number[]): void {
    const pending = this.#pending.get(packetId)
    this.#pending.delete(packetId)
    pending?.(reasonCodes)
  }

  #takePacketId(): number {
    do this.#nextPacketId = (this.#nextPacketId % 65_535) + 1
    while (this.#pending.has(this.#nextPacketId))
    return this.#nextPacketId
  }

  #closed(): void {
    this.#isEnded = true
    this.#refused(new Error(`the broker closed the connection: ${this.#end.reason}`)) // no-op once connected
    for (const pending of this.#pending.values()) pending([ReasonCode.serverUnavailable])
    this.#pending.clear()
    for (const waiting of this.#waitingForQuota.splice(0)) waiting()
    this.#onEnded(this.#end)
  }
}

function nobody(): void {}

/** What topics are matched with. A filter of the wrong form would cost the whole connection: it is refused here. */
function filterLevels(topicFilter: string, noLocal: boolean): string[] {
  const isShared = topicFilter.startsWith(SHARE_PREFIX) || topicFilter === '$share'
  const inner = isShared ? parseSharedFilter(topicFilter)?.topicFilter : topicFilter
  const formFault = inner === undefined ? '$share needs a name and a topic filter' : topicFilterFault(inner)
  const fault = topicTextFault(topicFilter) ?? formFault
  if (inner === undefined || fault !== undefined) {
    throw new MqttError(ReasonCode.topicFilterInvalid, `subscribing to ${quotedTopic(topicFilter)}: ${fault}`)
  }
  if (isShared && noLocal) throw new MqttError(ReasonCode.protocolError, 'a shared subscription takes no noLocal')
  return splitLevels(inner)
}

function refusal(what: string, reasonCode: number, reasonString = reasonCodeName(reasonCode)): MqttError {
  return new MqttError(reasonCode, `${what}: ${reasonString}`)
}
