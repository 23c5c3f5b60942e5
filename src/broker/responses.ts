import { encodePublishResponse, type PublishResponseType } from '../protocol/packets/publish-response.ts'
import { RingQueue } from '../structures/ring-queue.ts'
import { PacketType } from '../protocol/packet-types.ts'
import { reasonCodeName } from '../protocol/reason-codes.ts'
import type { Connection } from './connection.ts'
import type { BrokerCore } from './core.ts'
import { explained } from './explained.ts'

type Waiting =
  | { readonly commit: number; readonly packet: Uint8Array }
  | {
      readonly commit: number
      readonly type: PublishResponseType
      readonly packetId: number
      readonly reasonCode: number
    }

/** Answers one client may have waiting for commits before it is not read. */
const MAXIMUM_WAITING = 16_384

/**
 * What a connection is answered, in the order it asked. An answer whose record is not durable waits, and those behind
 * it wait with it, even if they need no commit. Bytes waiting for a commit are bounded: beyond, the client is not read.
 */
export class Responses {
  readonly #core: BrokerCore
  readonly #connection: Connection
  readonly #waiting = new RingQueue<Waiting>()
  /** QoS 1 publishes not answered yet: they count against the Receive Maximum we announced. */
  unanswered = 0
  #uncommittedBytes = 0
  /** Of these, bytes in the batch that is being gathered. */
  #gatheredBytes = 0
  #gatheredCommit = 0
  #isHolding = false

  constructor(core: BrokerCore, connection: Connection) {
    this.#core = core
    this.#connection = connection
  }

  /** Answers a PUBLISH, PUBREC or PUBREL once `commit` is durable; 0 needs none. Hot path. */
  publishResponse(type: PublishResponseType, packetId: number, reasonCode: number, commit: number): void {
    if (this.#waiting.length === 0 && commit <= this.#core.journal.durable) this.#write(type, packetId, reasonCode)
    else {
      if (type === 'puback') this.unanswered++
      this.#push({ commit, type, packetId, reasonCode })
    }
  }

  /** Sends a whole packet, e.g. SUBACK, once `commit` is durable. */
  packet(packet: Uint8Array, commit: number): void {
    if (this.#waiting.length === 0 && commit <= this.#core.journal.durable) this.#connection.send(packet)
    else this.#push({ commit, packet })
  }

  /** This connection has appended `byteCount` bytes that are not durable before `commit`. */
  uncommitted(byteCount: number, commit: number): void {
    if (commit <= this.#core.journal.durable) return
    if (commit !== this.#gatheredCommit) {
      this.#gatheredCommit = commit
      this.#gatheredBytes = 0
    }
    this.#gatheredBytes += byteCount
    this.#uncommittedBytes += byteCount
    this.#core.uncommittedBytes += byteCount
    this.#core.journal.wait(this.#connection)
    this.#holdWhileOverLimit()
  }

  committed(commit: number): void {
    const durableBytes =
      this.#gatheredCommit <= commit ? this.#uncommittedBytes : this.#uncommittedBytes - this.#gatheredBytes
    this.#uncommittedBytes -= durableBytes
    this.#core.uncommittedBytes -= durableBytes
    for (let next = this.#waiting.peek(); next !== undefined && next.commit <= commit; next = this.#waiting.peek()) {
      this.#waiting.shift()
      if ('packet' in next) this.#connection.send(next.packet)
      else {
        if (next.type === 'puback') this.unanswered--
        this.#write(next.type, next.packetId, next.reasonCode)
      }
    }
    if (this.#waiting.length === 0 && this.#uncommittedBytes === 0) this.#core.journal.forget(this.#connection)
    if (this.#isHolding && !this.#isOverLimit()) {
      this.#isHolding = false
      this.#connection.release()
    }
  }

  /**
   * A commit failed. Whether an answer hung on it: then nothing was kept, and a QoS 2 message that comes again is new.
   * The first in the queue always waits for a commit.
   */
  failed(commit: number): boolean {
    let hasLost = false
    for (let next = this.#waiting.peek(); next !== undefined && next.commit <= commit; next = this.#waiting.peek()) {
      hasLost = true
      this.#waiting.shift()
      if ('packet' in next) continue
      // one that waited for nothing itself repeats an answer to what is kept
      if (next.type === 'pubrec' && next.commit > 0) this.#undoInboundId(next.packetId)
      if (next.type !== 'pubrel') this.#core.dropped('store-failed', this.#connection.clientId)
    }
    return hasLost
  }

  #undoInboundId(packetId: number): void {
    const { session } = this.#connection
    if (session === undefined || !session.inboundIds.delete(packetId) || !session.isDurable) return
    this.#core.keep({ kind: 'inbound-id', session: session.number, packetId, held: false })
  }

  /** The connection is gone: its answers with it. What it appended stays on its way to the store. */
  discard(): void {
    this.#waiting.clear()
    this.#core.uncommittedBytes -= this.#uncommittedBytes
    this.#uncommittedBytes = 0
  }

  #isOverLimit(): boolean {
    const { maximumUncommittedBytes, maximumUncommittedBytesTotal } = this.#core.limits
    if (this.#waiting.length >= MAXIMUM_WAITING) return true
    if (this.#uncommittedBytes === 0) return false
    return (
      this.#uncommittedBytes >= maximumUncommittedBytes || this.#core.uncommittedBytes >= maximumUncommittedBytesTotal
    )
  }

  #push(waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#core.journal.wait(this.#connection)
    this.#holdWhileOverLimit()
  }

  #holdWhileOverLimit(): void {
    if (this.#isHolding || !this.#isOverLimit()) return
    this.#isHolding = true
    this.#connection.hold()
  }

  /** Two bytes of body unless a 5.0 client has a reason code to learn. */
  #write(type: PublishResponseType, packetId: number, reasonCode: number): void {
    const { outbox, protocolVersion, maximumPacketBytes } = this.#connection
    if (reasonCode !== 0 && protocolVersion === 5) {
      this.#writeReason(type, packetId, reasonCode)
      return
    }
    if (maximumPacketBytes < 4) return
    this.#core.counters.packetsSent++
    const at = outbox.reserve(4)
    const { slab } = outbox
    slab[at] = (PacketType[type] << 4) | (type === 'pubrel' ? 2 : 0)
    slab[at + 1] = 2
    slab[at + 2] = packetId >> 8
    slab[at + 3] = packetId & 0xff
    outbox.advance(at + 4)
  }

  /** Apart from the hot path, which would make a closure for it each time. */
  #writeReason(type: PublishResponseType, packetId: number, reasonCode: number): void {
    const reason = reasonCode >= 0x80 ? reasonCodeName(reasonCode) : undefined
    const packet = explained(this.#connection, 'acknowledgement', reason, (properties) =>
      encodePublishResponse({ type, packetId, reasonCode, properties }, 5),
    )
    if (packet !== undefined) this.#connection.send(packet)
  }
}
