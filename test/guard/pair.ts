import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connectPacket, joined, publishPacket, subscribePacket } from '../support/wire-packets.ts'

/** Messages in one chunk, and chunks on their way at once. */
const CHUNK_MESSAGES = 400
const CHUNKS_ON_THEIR_WAY = 2
const PUBACK = 0x40

/**
 * A publisher and its subscriber on sockets, as plain as they can be: every PUBLISH of a run has the same size, so that
 * bytes are messages. The publisher sends its next chunk when one has come through.
 */
export class Pair {
  readonly #publisher: Socket
  readonly #subscriber: Socket
  readonly #chunk: Uint8Array
  readonly #packetBytes: number
  /** Where the packet identifier stands in a packet; 0 at QoS 0. */
  readonly #idAt: number
  #rest: Buffer = Buffer.alloc(0)
  #toSend = 0
  #toCome = 0
  #onDone = (): void => {}
  #onClosed = (_error: Error): void => {}

  private constructor(publisher: Socket, subscriber: Socket, topicName: string, qos: 0 | 1) {
    this.#publisher = publisher
    this.#subscriber = subscriber
    const payload = 'x'.repeat(64)
    const packets = Array.from({ length: CHUNK_MESSAGES }, (_, index) =>
      publishPacket(4, topicName, payload, { qos, packetId: index + 1 }),
    )
    this.#chunk = joined(...packets)
    this.#packetBytes = this.#chunk.length / CHUNK_MESSAGES
    this.#idAt = qos === 0 ? 0 : this.#packetBytes - 64 - 2
    publisher.resume()
    for (const socket of [publisher, subscriber]) {
      socket.on('error', () => {}) // told by close
      socket.on('close', () => this.#onClosed(new Error('the broker closed a connection of the guard')))
    }
    subscriber.on('data', (bytes) => this.#read(bytes))
  }

  static async open(port: number, index: number, qos: 0 | 1): Promise<Pair> {
    const topicName = `guard/pair/${100 + index}`
    const [publisher, subscriber] = [await connected(port, `pub-${index}`), await connected(port, `sub-${index}`)]
    subscriber.write(subscribePacket(4, 1, [{ topicFilter: topicName, qos }]))
    await once(subscriber, 'data')
    return new Pair(publisher, subscriber, topicName, qos)
  }

  /** Sends that many chunks and resolves when all have come through. */
  run(chunks: number): Promise<void> {
    this.#toSend = chunks
    this.#toCome = chunks * this.#chunk.length
    for (let count = 0; count < CHUNKS_ON_THEIR_WAY; count++) this.#send()
    return new Promise((resolve, reject) => {
      this.#onDone = resolve
      this.#onClosed = reject
    })
  }

  #send(): void {
    if (this.#toSend === 0) return
    this.#toSend--
    this.#publisher.write(this.#chunk)
  }

  #read(bytes: Buffer): void {
    const chunkBytes = this.#chunk.length
    const chunksToCome = Math.ceil(this.#toCome / chunkBytes)
    this.#toCome -= bytes.length
    if (this.#idAt > 0) this.#acknowledge(bytes)
    for (let left = Math.ceil(this.#toCome / chunkBytes); left < chunksToCome; left++) this.#send()
    if (this.#toCome === 0) this.#onDone()
  }

  #acknowledge(bytes: Buffer): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const packets = Math.floor(all.length / this.#packetBytes)
    this.#rest = all.subarray(packets * this.#packetBytes)
    if (packets === 0) return
    const answer = Buffer.allocUnsafe(packets * 4)
    for (let index = 0; index < packets; index++) {
      const idAt = index * this.#packetBytes + this.#idAt
      answer[index * 4] = PUBACK
      answer[index * 4 + 1] = 2
      answer[index * 4 + 2] = all[idAt] as number
      answer[index * 4 + 3] = all[idAt + 1] as number
    }
    this.#subscriber.write(answer)
  }
}

async function connected(port: number, clientId: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.write(connectPacket(4, { clientId }))
  await once(socket, 'data')
  return socket
}
