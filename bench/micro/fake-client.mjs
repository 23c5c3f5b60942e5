import { connectPacket, subscribePacket } from './packets.mjs'

/** First byte of what the broker sends, to the first byte of the answer it is owed. */
const answers = new Uint8Array(256)
answers[0x32] = 0x40 // PUBLISH at QoS 1: PUBACK
answers[0x34] = 0x50 // PUBLISH at QoS 2: PUBREC
answers[0x50] = 0x62 // PUBREC: PUBREL
answers[0x62] = 0x70 // PUBREL: PUBCOMP

/**
 * A client and its stream in one, for `broker.handle`. Answers what it is sent, all answers of a turn in one chunk, and
 * says that writes were taken in the next turn. Knows packets shorter than 128 bytes only.
 */
export class FakeClient {
  received = 0
  #clientId
  #topicFilter
  #qos
  #onData
  #untold = []
  #answer = Buffer.alloc(64 * 1024)
  #length = 0

  constructor(clientId, topicFilter, qos) {
    this.#clientId = clientId
    this.#topicFilter = topicFilter
    this.#qos = qos
  }

  connect() {
    this.send(connectPacket(this.#clientId))
  }

  subscribe() {
    if (this.#topicFilter !== undefined) this.send(subscribePacket(this.#topicFilter, this.#qos))
  }

  send(chunk) {
    this.#onData(chunk)
  }

  /** Sends what is owed; false when nothing is. */
  speak() {
    if (this.#length === 0) return false
    const chunk = this.#answer.subarray(0, this.#length)
    this.#length = 0
    this.#onData(chunk)
    return true
  }

  settle() {
    for (let count = this.#untold.length; count > 0; count--) this.#untold.shift()()
  }

  #read(bytes) {
    for (let start = 0; start < bytes.length; start += 2 + bytes[start + 1]) {
      const first = bytes[start]
      const isPublish = first >> 4 === 3
      if (isPublish) this.received++
      if (answers[first] === 0) continue
      const idAt = isPublish ? start + 4 + bytes[start + 3] : start + 2
      this.#answer[this.#length] = answers[first]
      this.#answer[this.#length + 1] = 2
      this.#answer[this.#length + 2] = bytes[idAt]
      this.#answer[this.#length + 3] = bytes[idAt + 1]
      this.#length += 4
    }
  }

  // What a broker asks of a stream

  on(event, listener) {
    if (event === 'data') this.#onData = listener.bind(this)
  }

  write(bytes, onWritten) {
    this.#untold.push(onWritten)
    this.#read(bytes)
  }

  pause() {}

  resume() {}

  end() {}

  destroy() {}
}
