import { CountingStream } from '../support/counting-stream.ts'
import { connectPacket, joined, publishPacket, subscribePacket } from '../support/wire-packets.ts'

type Qos = 0 | 1 | 2

/** First byte of a packet from the broker to the first byte of the answer that it is owed. */
const answers: Readonly<Record<number, number>> = {
  0x32: 0x40, // PUBLISH at QoS 1: PUBACK
  0x34: 0x50, // PUBLISH at QoS 2: PUBREC
  0x50: 0x62, // PUBREC: PUBREL
  0x62: 0x70, // PUBREL: PUBCOMP
}

/**
 * A 3.1.1 client that costs next to nothing, so that what is measured is the broker: it answers what the flows of QoS 1
 * and 2 ask for, all answers of a turn in one chunk, and allocates nothing per packet.
 */
export class GuardClient {
  readonly stream = new CountingStream((bytes) => this.#read(bytes))
  /** PUBLISH packets that came. */
  received = 0
  /** PUBACK and PUBCOMP that came. */
  acknowledged = 0
  #rest: Uint8Array = new Uint8Array(0)
  readonly #answer = new Uint8Array(64 * 1024)
  #answerLength = 0

  connect(clientId: string): void {
    this.stream.send(connectPacket(4, { clientId }))
  }

  subscribe(topicFilter: string, qos: Qos): void {
    this.stream.send(subscribePacket(4, 1, [{ topicFilter, qos }]))
  }

  /** Sends what the last turn asked for. False when that is nothing. */
  speak(): boolean {
    if (this.#answerLength === 0) return false
    const chunk = this.#answer.subarray(0, this.#answerLength)
    this.#answerLength = 0
    this.stream.send(chunk)
    return true
  }

  #read(written: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? written : joined(this.#rest, written)
    let start = 0
    for (;;) {
      const end = packetEnd(bytes, start)
      if (end < 0) break
      this.#take(bytes, start, end)
      start = end
    }
    if (start < bytes.length || this.#rest.length > 0) this.#rest = bytes.slice(start)
  }

  #take(bytes: Uint8Array, start: number, end: number): void {
    const first = bytes[start] as number
    const type = first >> 4
    if (type === 3) this.received++
    if (type === 4 || type === 7) this.acknowledged++
    const answer = answers[first]
    if (answer === undefined) return
    const idAt = type === 3 ? afterTopic(bytes, start) : end - 2
    const at = this.#answerLength
    this.#answer[at] = answer
    this.#answer[at + 1] = 2
    this.#answer[at + 2] = bytes[idAt] as number
    this.#answer[at + 3] = bytes[idAt + 1] as number
    this.#answerLength = at + 4
  }
}

/** Where the packet ends, -1 when it has not come whole. */
function packetEnd(bytes: Uint8Array, start: number): number {
  let remaining = 0
  for (let at = start + 1, shift = 0; at < bytes.length; at++, shift += 7) {
    const byte = bytes[at] as number
    remaining |= (byte & 0x7f) << shift
    if (byte > 0x7f) continue
    const end = at + 1 + remaining
    return end <= bytes.length ? end : -1
  }
  return -1
}

function afterTopic(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while ((bytes[at] as number) > 0x7f) at++
  return at + 3 + (((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number))
}

/** `count` PUBLISH packets with payloads of 64 bytes as one chunk, packet identifiers from 1 on. */
export function publishChunk(topicName: string, qos: Qos, count: number): Uint8Array {
  const payload = 'x'.repeat(64)
  const packets = Array.from({ length: count }, (_, index) =>
    publishPacket(4, topicName, payload, { qos, packetId: index + 1 }),
  )
  return joined(...packets)
}
