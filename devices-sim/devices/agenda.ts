import type { Stream } from './stream.ts'

/**
 * Which stream has a message due next: a binary heap, the earliest on top. What is due at the same microsecond comes
 * in the order of devices and their streams, so that two runs send the same in the same order.
 */
export class Agenda {
  readonly #heap: Stream[] = []

  get next(): Stream | undefined {
    return this.#heap[0]
  }

  add(stream: Stream): void {
    const heap = this.#heap
    let at = heap.push(stream) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(stream, heap[parent] as Stream)) break
      heap[at] = heap[parent] as Stream
      at = parent
    }
    heap[at] = stream
  }

  /** The stream on top is due later now. */
  movedTop(): void {
    this.#sink(this.#heap[0] as Stream)
  }

  removeTop(): void {
    const last = this.#heap.pop()
    if (last !== undefined && this.#heap.length > 0) this.#sink(last)
  }

  clear(): void {
    this.#heap.length = 0
  }

  /** Puts `stream` on top and lets it sink to its place. */
  #sink(stream: Stream): void {
    const heap = this.#heap
    const { length } = heap
    let at = 0
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && isBefore(heap[child + 1] as Stream, heap[child] as Stream)) child++
      if (!isBefore(heap[child] as Stream, stream)) break
      heap[at] = heap[child] as Stream
      at = child
    }
    heap[at] = stream
  }
}

function isBefore(one: Stream, other: Stream): boolean {
  if (one.nextDueUs !== other.nextDueUs) return one.nextDueUs < other.nextDueUs
  if (one.device.number !== other.device.number) return one.device.number < other.device.number
  return one.flow.stream < other.flow.stream
}
