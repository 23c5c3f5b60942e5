/** A message that waits in a queue. */
export interface WaitingMessage {
  readonly position: number
  readonly sequence: number
  readonly byteSize: number
}

/** Which message of each topic waits, for queues that keep the latest of each. */
export class LatestPerTopic {
  readonly #waiting = new Map<string, WaitingMessage>()
  /** Many leave without their payload at hand, and so without their topic. */
  readonly #topics = new Map<number, string>()

  waits(topicBytes: Uint8Array, waiting: WaitingMessage): void {
    const topic = keyOf(topicBytes)
    this.#waiting.set(topic, waiting)
    this.#topics.set(waiting.position, topic)
  }

  /** The one that waited, to be replaced; undefined when there is none. */
  take(topicBytes: Uint8Array): WaitingMessage | undefined {
    const waiting = this.#waiting.get(keyOf(topicBytes))
    if (waiting !== undefined) this.left(waiting.position)
    return waiting
  }

  /** It waits no longer: the next one of its topic replaces nothing. */
  left(position: number): void {
    const topic = this.#topics.get(position)
    if (topic === undefined) return
    this.#topics.delete(position)
    this.#waiting.delete(topic)
  }

  clear(): void {
    this.#waiting.clear()
    this.#topics.clear()
  }
}

/** Bytes as a string of as many characters: only to be compared. */
function keyOf(topicBytes: Uint8Array): string {
  let key = ''
  for (const byte of topicBytes) key += String.fromCharCode(byte)
  return key
}
