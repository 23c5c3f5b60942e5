/** What one QoS level has to show. `lost` is what was sent and has not arrived, summed over the subscribers. */
export interface QosTally {
  readonly sent: number
  readonly acknowledged: number
  /** First arrivals; repeats count as duplicates. */
  readonly received: number
  readonly lost: number
  readonly duplicates: number
  readonly reordered: number
}

export type Qos = 0 | 1 | 2

/** One numbered stream as one subscriber saw it: all up to `highest` has arrived but what is in `missing`. */
interface Arrivals {
  highest: number
  readonly missing: Set<number>
}

interface Stream {
  readonly qos: Qos
  sent: number
  readonly arrivals: Arrivals[]
}

/**
 * The bookkeeping: every message of a stream (a sensor of a device) has a number, 1 for the first. So a hole is a
 * loss, a number that comes again a duplicate, and one that comes after a higher one is out of order.
 */
export class Ledger {
  readonly #subscribers: number
  readonly #streams = new Map<string, Stream>()
  readonly #acknowledged: [number, number, number] = [0, 0, 0]
  readonly #received: [number, number, number] = [0, 0, 0]
  readonly #duplicates: [number, number, number] = [0, 0, 0]
  readonly #reordered: [number, number, number] = [0, 0, 0]

  constructor(subscribers: number) {
    this.#subscribers = subscribers
  }

  /** Books the next message of `streamName` and returns its number. */
  send(streamName: string, qos: Qos): number {
    let stream = this.#streams.get(streamName)
    if (stream === undefined) {
      const arrivals = Array.from({ length: this.#subscribers }, () => ({ highest: 0, missing: new Set<number>() }))
      stream = { qos, sent: 0, arrivals }
      this.#streams.set(streamName, stream)
    }
    stream.sent += 1
    return stream.sent
  }

  acknowledge(qos: Qos): void {
    this.#acknowledged[qos] += 1
  }

  /** Books an arrival; false when no such message was sent. */
  receive(subscriber: number, streamName: string, sequence: number): boolean {
    const stream = this.#streams.get(streamName)
    const arrivals = stream?.arrivals[subscriber]
    if (stream === undefined || arrivals === undefined || sequence > stream.sent) return false
    if (sequence > arrivals.highest) {
      for (let hole = arrivals.highest + 1; hole < sequence; hole++) arrivals.missing.add(hole)
      arrivals.highest = sequence
    } else if (arrivals.missing.delete(sequence)) this.#reordered[stream.qos] += 1
    else {
      this.#duplicates[stream.qos] += 1
      return true
    }
    this.#received[stream.qos] += 1
    return true
  }

  tally(qos: Qos): QosTally {
    let sent = 0
    for (const stream of this.#streams.values()) if (stream.qos === qos) sent += stream.sent
    return {
      sent,
      acknowledged: this.#acknowledged[qos],
      received: this.#received[qos],
      lost: sent * this.#subscribers - this.#received[qos],
      duplicates: this.#duplicates[qos],
      reordered: this.#reordered[qos],
    }
  }
}
