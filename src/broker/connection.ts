import type { AuthenticationOutcome } from '../contracts/authenticator.ts'
import type { ByteStream, ByteStreamEvents, PeerInfo } from '../contracts/byte-stream.ts'
import type { DurabilityLevel } from '../contracts/durability.ts'
import type { ClientInfo } from '../contracts/events.ts'
import type { Terms } from '../contracts/limits.ts'
import { PacketReader } from '../protocol/packet-reader.ts'
import { PacketType, type ProtocolVersion } from '../protocol/packet-types.ts'
import type { Will } from '../protocol/packets/connect.ts'
import { encodeDisconnect } from '../protocol/packets/disconnect.ts'
import { protocolError } from '../protocol/byte-reader.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { ReasonCode, reasonCodeName } from '../protocol/reason-codes.ts'
import type { InboundTopicAliases, OutboundTopicAliases } from '../session/topic-aliases.ts'
import type { Timer } from '../structures/timing-wheel.ts'
import type { BrokerCore } from './core.ts'
import { dispatchBeforeConnected, dispatchControl } from './dispatch.ts'
import { explained } from './explained.ts'
import { refuseConnect } from './handlers/handle-connect.ts'
import { handlePublish } from './handlers/handle-publish.ts'
import { tellInOrder } from './hooks/tell-in-order.ts'
import { largestPacket } from './listener-terms.ts'
import { Outbox } from './outbox.ts'
import { PublishRights } from './publish-rights.ts'
import { Responses } from './responses.ts'
import type { Route } from './route.ts'
import type { ClientSession } from './types.ts'

/** The life of a connection; docs/lifecycle.md draws it. */
export type ConnectionState = 'awaiting-connect' | 'authenticating' | 'connected' | 'closing' | 'closed'

/** How long a closing connection may take to let its last bytes go. */
const CLOSING_TIMEOUT_MS = 5_000

/** The first byte of a CONNECT, the only one a client may begin with. */
const CONNECT_HEADER = 0x10

/**
 * One client's network connection: reads packets, hands each to its handler, and is the one exit for every protocol
 * error. What outlives the connection is in the session.
 */
export class Connection implements ByteStreamEvents, Timer {
  readonly core: BrokerCore
  readonly stream: ByteStream
  readonly peer: PeerInfo
  readonly outbox: Outbox
  readonly responses: Responses
  readonly reader: PacketReader
  #rights: PublishRights | undefined = undefined
  state: ConnectionState = 'awaiting-connect'
  protocolVersion: ProtocolVersion = 4
  /** Its first packet was a CONNECT, so an error may be answered with CONNACK. */
  hasSentConnect = false
  /** The other end is a broker: its own messages do not come back to it, and RETAIN stays as published. */
  isBridge = false
  clientId = ''
  user: string | undefined = undefined
  session: ClientSession | undefined = undefined
  /** Belongs to the connection, not to the client identifier. */
  will: Will | undefined = undefined
  /** Seconds, as enforced; 0 = off. */
  keepAlive = 0
  /** Largest packet this client takes. [MQTT5-3.1.2-24] */
  maximumPacketBytes = Infinity
  /** Reason String may be sent on acknowledgements. [MQTT5-3.1.2-29] */
  wantsProblemInformation = true
  /** The expiry the client itself asked for, before our cap. */
  requestedExpirySeconds = 0
  authenticationMethod: string | undefined = undefined
  isReauthenticating = false
  /** Who is told how the exchange under way ends. */
  authenticationDecided: ((outcome: AuthenticationOutcome) => void) | undefined = undefined
  authenticationExchange: { state: unknown } | undefined = undefined
  inboundAliases: InboundTopicAliases<Route> | undefined = undefined
  outboundAliases: OutboundTopicAliases | undefined = undefined
  /** The route of the last PUBLISH: the next one often has the same topic. */
  lastRoute: Route | undefined = undefined
  /** An `onDeliver` hook thinks about the message at the head of the queue. */
  isAskingHooks = false
  /** Acknowledgements have come: more may be sent once all that arrived has been read. */
  isPumpWanted = false
  /** Its queue is about to be looked at, for the sake of such a hook. */
  isPumpDue = false
  /** What its listener says of how publishes are kept. */
  readonly durability: DurabilityLevel | undefined
  /** What was promised in CONNACK holds until the end, whatever is set meanwhile. */
  readonly terms: Terms
  /** How often users or certificates had changed when it was accepted. */
  readonly accessChanges: number
  /** Why it ended, as a sentence for people. */
  #endReason = 'the connection was lost'
  /** QoS 0 messages since everything gathered had last left: at most these are lost when the stream breaks. */
  unconfirmedQos0 = 0
  /** For the wheel: connect timeout first, keep alive after. */
  dueMs = 0
  slot: Set<Timer> | undefined = undefined
  #lastPacketMs = 0
  /** How many things hold up reading: an authenticator, an authorizer, a commit, CONNACK on its way. */
  #holds = 0
  #isHeldByOutbox = false
  #bytesWrittenBefore = 0

  constructor(core: BrokerCore, stream: ByteStream) {
    this.core = core
    this.stream = stream
    this.peer = stream.peer
    this.terms = core.termsOf(stream.peer.rules)
    this.durability = stream.peer.durability
    this.accessChanges = core.accessChanges
    this.outbox = new Outbox(core.outboxPool, stream, () => this.#drained())
    this.responses = new Responses(core, this)
    const largest = largestPacket(stream.peer, core.limits.maximumConnectPacketBytes)
    this.reader = new PacketReader(largest, (bytes, start, bodyStart, end) =>
      this.#dispatch(bytes, start, bodyStart, end),
    )
  }

  /** As hooks and events see it. */
  get info(): ClientInfo {
    const { clientId, user, peer, protocolVersion } = this
    return { clientId, user, peer, protocolVersion }
  }

  /** Many clients only listen. */
  get rights(): PublishRights {
    return (this.#rights ??= new PublishRights(this.core.authorizer, this))
  }

  get isOpen(): boolean {
    return this.state !== 'closing' && this.state !== 'closed'
  }

  open(): void {
    this.core.gate.entered(this)
    this.#watchUntil(this.core.time.update() + this.core.limits.connectTimeoutMs)
    this.stream.open(this)
  }

  onData(chunk: Uint8Array): void {
    if (!this.isOpen) return
    this.#lastPacketMs = this.core.time.update()
    this.core.counters.bytesReceived += chunk.length
    try {
      if (this.#isFirstByte(chunk) && chunk[0] !== CONNECT_HEADER) throw protocolError('these bytes are not MQTT')
      this.reader.push(chunk)
      if (this.isPumpWanted) this.pump()
    } catch (error) {
      this.#fail(error)
    }
    this.#holdWhileOutboxIsFull()
  }

  /** What does not begin like a CONNECT need not be waited for. */
  #isFirstByte(chunk: Uint8Array): boolean {
    return this.state === 'awaiting-connect' && chunk.length > 0 && this.reader.partialBytes === 0
  }

  /** The stream is gone, by the client's doing or the network's. */
  onClose(error?: Error): void {
    if (error !== undefined) this.#endReason = `the connection was lost: ${error.message}`
    if (this.state === 'connected') {
      const { clientId, user, peer } = this
      this.core.log.info({ clientId, user, address: peer.address, error: error?.message }, 'connection lost')
    }
    this.core.guarded(() => this.#leave(false))
    this.state = 'closed'
    if (this.outbox.close() > 0 && this.unconfirmedQos0 > 0) {
      this.core.dropped('connection-lost', this.clientId, this.unconfirmedQos0)
    }
    this.core.time.cancel(this)
    this.core.gate.left(this)
  }

  /** Reading stops until `release`: this client waits, nobody else does. */
  hold(): void {
    if (this.#holds++ === 0) this.stream.pause()
  }

  release(): void {
    if (--this.#holds > 0 || !this.isOpen) return
    this.#lastPacketMs = this.core.time.update() // its keep alive stood still while we did not read
    this.stream.resume()
    this.#guarded(() => {
      this.reader.resume()
      if (this.isPumpWanted) this.pump()
    })
  }

  /** Asks something that answers now or later; until `decided` has the answer this client is not read. */
  wait<Answer>(ask: (then: (answer: Answer) => void) => void, decided: (answer: Answer) => void): void {
    let isAnswered = false
    let isHeld = false
    ask((answer) => {
      if (isAnswered) return
      isAnswered = true
      this.run(() => decided(answer))
      if (isHeld) this.release()
    })
    if (isAnswered) return
    isHeld = true
    this.hold()
  }

  /** Runs work for this connection that comes from elsewhere, e.g. an authorizer's answer, under the same exit. */
  run(task: () => void): void {
    if (this.isOpen) this.#guarded(task)
  }

  /** Keep alive (or connect timeout) is due, unless packets came meanwhile. [MQTT5-3.1.2-22] */
  fire(nowMs: number): void {
    if (this.state === 'closed') return
    if (this.state === 'authenticating' && this.#holds > 0) {
      this.#watchUntil(nowMs + this.core.limits.connectTimeoutMs) // it waits for us, not we for it
      return
    }
    if (this.state !== 'connected') {
      if (this.isOpen) this.core.refused('timeout', { address: this.peer.address, detail: 'no CONNECT in time' })
      this.stream.destroy()
      return
    }
    const deadlineMs = this.#lastSignOfLifeMs(nowMs) + this.keepAlive * 1500
    if (deadlineMs > nowMs) this.#watchUntil(deadlineMs)
    else this.disconnect(ReasonCode.keepAliveTimeout, 'nothing came for one and a half times the keep alive')
  }

  /** The clock stands still while it is we who do not read; a client that does not read us must at least take bytes. */
  #lastSignOfLifeMs(nowMs: number): number {
    if (this.#isHeldByOutbox && this.#holds === 1) {
      const hasProgress = this.outbox.bytesWritten > this.#bytesWrittenBefore
      this.#bytesWrittenBefore = this.outbox.bytesWritten
      return hasProgress ? nowMs : this.#lastPacketMs
    }
    return this.#holds > 0 ? nowMs : this.#lastPacketMs
  }

  #watchUntil(dueMs: number): void {
    this.dueMs = dueMs
    this.core.time.schedule(this)
  }

  /** From now on the wheel watches keep alive instead of the connect timeout. */
  startKeepAlive(): void {
    const dueMs = this.#lastPacketMs + this.keepAlive * 1500
    if (this.keepAlive === 0) this.core.time.cancel(this)
    else if (dueMs < this.dueMs) this.#watchUntil(dueMs)
    else this.dueMs = dueMs // the wheel looks again when the connect timeout comes round
  }

  send(packet: Uint8Array): void {
    this.core.counters.packetsSent++
    this.outbox.append(packet)
  }

  /** The one way out that the broker chooses: DISCONNECT where the version has it, then the end. The will goes out. */
  disconnect(reasonCode: ReasonCode, reasonString: string): void {
    if (!this.isOpen) return
    this.#endReason = reasonString
    this.core.log.info(
      {
        clientId: this.clientId,
        user: this.user,
        address: this.peer.address,
        reason: reasonCodeName(reasonCode),
        detail: reasonString,
      },
      'client disconnected by the broker',
    )
    if (this.state === 'connected' && this.protocolVersion === 5) this.#sendDisconnect(reasonCode, reasonString)
    this.#end(reasonCode === ReasonCode.sessionTakenOver)
  }

  /** The client said goodbye. `keepsWill` when it asked for its will to be published. */
  clientLeft(keepsWill: boolean): void {
    if (!keepsWill) this.will = undefined
    this.#endReason = 'the client disconnected'
    this.#end()
  }

  /** CONNECT was refused; whatever answer it gets is in the outbox. */
  refused(): void {
    this.core.counters.connectionsRefused++
    this.#end()
  }

  shutDown(): void {
    this.disconnect(ReasonCode.serverShuttingDown, 'the server is shutting down')
  }

  destroy(): void {
    this.stream.destroy()
  }

  /** Sends what the session is owed, as far as quota and outbox allow. */
  pump(): void {
    this.isPumpWanted = false
    const { session } = this
    if (session === undefined || this.state !== 'connected') return
    this.core.deliverer.pump(session, this)
    if (session.replay !== undefined) this.core.replays.continue(session)
  }

  #dispatch(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    this.core.counters.packetsReceived++
    const header = bytes[start] as number
    const type = header >> 4
    if (this.state === 'connected') {
      if (type === PacketType.publish) handlePublish(this, bytes, start, bodyStart, end)
      else dispatchControl(this, type, header & 15, bytes, bodyStart, end)
    } else dispatchBeforeConnected(this, type, header & 15, bytes, bodyStart, end)
    return this.#holds === 0 && this.isOpen
  }

  #guarded(task: () => void): void {
    try {
      task()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Every protocol error ends here, and so does every fault of our own. */
  #fail(error: unknown): void {
    if (!this.isOpen) return
    if (error instanceof ProtocolError) {
      this.core.counters.protocolErrors++
      if (this.state === 'connected') this.disconnect(error.reasonCode, error.message)
      else refuseConnect(this, error.reasonCode, error.message)
      return
    }
    this.core.faulted(error, this.clientId)
    if (this.state === 'connected') this.disconnect(ReasonCode.unspecifiedError, 'an internal error')
    else refuseConnect(this, ReasonCode.unspecifiedError, 'an internal error')
  }

  #sendDisconnect(reasonCode: ReasonCode, reasonString: string): void {
    const packet = explained(this, 'disconnect', reasonString, (properties) =>
      encodeDisconnect({ reasonCode, properties }, 5),
    )
    if (packet !== undefined) this.send(packet)
  }

  /** The broker's own close: what is gathered still leaves, within a bounded time. */
  #end(isTakenOver = false): void {
    this.#leave(isTakenOver)
    this.state = 'closing'
    this.#watchUntil(this.core.time.nowMs + CLOSING_TIMEOUT_MS)
    this.stream.resume() // or the client's own close would not be seen
    this.outbox.finish(() => this.stream.end())
  }

  /** Leaves the broker's tables; only the stream is left to be closed. Does nothing the second time. */
  #leave(isTakenOver: boolean): void {
    this.core.time.cancel(this)
    this.core.journal.forget(this)
    this.responses.discard()
    const { session } = this
    if (session === undefined) return
    this.session = undefined
    if (this.state === 'connected') this.#tellDisconnected()
    this.core.sessions.connectionEnded(session, this, isTakenOver)
  }

  #tellDisconnected(): void {
    const { core, info } = this
    const details = { reason: this.#endReason }
    core.emit('disconnected', info, details)
    tellInOrder(core.hooks, 'onDisconnect', (hook) => hook.onDisconnect(info, details))
  }

  #drained(): void {
    this.unconfirmedQos0 = 0
    if (this.#isHeldByOutbox) {
      this.#isHeldByOutbox = false
      this.release()
    }
    this.run(() => this.pump())
  }

  /** A client that sends without reading the answers is not read until it has. */
  #holdWhileOutboxIsFull(): void {
    if (this.#isHeldByOutbox || !this.isOpen || !this.core.deliverer.isOutboxFull(this)) return
    this.#isHeldByOutbox = true
    this.hold()
  }

  committed(commit: number): void {
    this.run(() => {
      this.responses.committed(commit)
      this.pump()
    })
  }

  commitFailed(commit: number): void {
    if (this.responses.failed(commit)) this.disconnect(ReasonCode.implementationSpecificError, 'the store failed')
  }
}
