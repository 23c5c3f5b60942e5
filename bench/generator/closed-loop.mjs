// Publishers and subscribers on an engine of the simulator: a publisher has no more than its share outstanding.
import { createHistogram } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'

/** Payload: stamp in ms (8 bytes), publisher (4), sequence number (4), filler. */
const MARK_BYTES = 16
const topics = {
  pairs: { topic: (index) => `pairs/device-${index}/data`, filter: (index) => `pairs/device-${index}/data` },
  fanin: { topic: (index) => `fanin/sensor-${index}/data`, filter: () => 'fanin/+/data' },
  fanout: { topic: () => 'fanout/all', filter: () => 'fanout/all' },
}

export class ClosedLoop {
  delivered = 0
  published = 0
  disorder = 0
  latency = createHistogram()
  fan
  #terms
  #publishers
  #subscribers
  #dirty = []
  #isSending = false
  #isFlushDue = false
  #failure

  constructor(engine, terms) {
    if (topics[terms.scenario] === undefined) throw new Error(`${terms.scenario} is none of pairs, fanin, fanout`)
    this.#terms = terms
    this.fan = terms.scenario === 'fanout' ? terms.subscribers : 1
    this.#subscribers = counted(terms.subscribers, (index) => this.#subscriber(engine, index))
    this.#publishers = counted(terms.publishers, (index) => this.#publisher(engine, index))
  }

  async open() {
    for (const { client, ready, clientId } of [...this.#subscribers, ...this.#publishers]) {
      client.connect({
        clientId,
        protocolVersion: 4,
        cleanStart: true,
        sessionExpiryInterval: 0,
        keepAlive: 600,
        userName: undefined,
        password: undefined,
        will: undefined,
        localAddress: undefined,
      })
      await ready
    }
  }

  start() {
    this.#isSending = true
    for (const publisher of this.#publishers) this.#mark(publisher)
  }

  /** Until all has come, or nothing has for a while. */
  async drain(patienceMs) {
    this.#isSending = false
    for (let seen = -1; seen !== this.delivered && this.delivered < this.published * this.fan;) {
      seen = this.delivered
      for (let waited = 0; waited < patienceMs && seen === this.delivered; waited += 20) await wait(20)
    }
    if (this.#failure !== undefined) throw new Error(this.#failure)
  }

  #subscriber(engine, index) {
    const { scenario, qos, publishers } = this.#terms
    const expected = new Uint32Array(publishers)
    const { events, ready, resolve } = this.#events(() =>
      client.subscribe([{ topicFilter: topics[scenario].filter(index), qos }]),
    )
    const client = engine.createClient({
      ...events,
      subscribed: resolve,
      received: ({ payload }) => this.#received(payload, expected),
    })
    return { client, ready, clientId: `sim-s${index}` }
  }

  #publisher(engine, index) {
    const { scenario, size } = this.#terms
    const { events, ready, resolve } = this.#events(() => resolve())
    const publisher = {
      topic: topics[scenario].topic(index),
      index,
      sequence: 0,
      outstanding: 0,
      isDirty: false,
      isFull: false,
    }
    publisher.payload = Buffer.alloc(Math.max(MARK_BYTES, size), 'x')
    publisher.client = engine.createClient({
      ...events,
      acknowledged: () => this.#mark(publisher),
      writable: () => {
        publisher.isFull = false
        this.#mark(publisher)
      },
    })
    return Object.assign(publisher, { ready, clientId: `sim-p${index}` })
  }

  #events(onConnected) {
    let resolve
    const ready = new Promise((done) => (resolve = done))
    const closed = (reason) => (this.#failure ??= reason)
    const events = {
      connected: onConnected,
      closed,
      acknowledged: nothing,
      subscribed: nothing,
      received: nothing,
      writable: nothing,
    }
    return { events, ready, resolve: (value) => resolve(value) }
  }

  #received(payload, expected) {
    const view = Buffer.from(payload.buffer, payload.byteOffset, MARK_BYTES)
    this.delivered++
    this.latency.record(Math.max(1, Math.round((performance.now() - view.readDoubleLE(0)) * 1000)))
    const from = view.readUInt32LE(8)
    const sequence = view.readUInt32LE(12)
    if (sequence < expected[from]) this.disorder++
    else expected[from] = sequence + 1
    const publisher = this.#publishers[from]
    publisher.outstanding--
    this.#mark(publisher)
  }

  /** Publishers go on at the end of the turn, so that what they send goes out together. */
  #mark(publisher) {
    if (publisher.isDirty) return
    publisher.isDirty = true
    this.#dirty.push(publisher)
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    setImmediate(() => {
      const dirty = this.#dirty
      this.#dirty = []
      this.#isFlushDue = false
      for (const one of dirty) {
        one.isDirty = false
        this.#pump(one)
      }
    })
  }

  #pump(publisher) {
    if (!this.#isSending || publisher.isFull) return
    const { outstanding, publishers, qos, window } = this.#terms
    const quota = Math.max(this.fan, Math.floor(outstanding / publishers))
    let credit = Math.floor((quota - publisher.outstanding) / this.fan)
    if (qos > 0) credit = Math.min(credit, window - publisher.client.unacknowledged)
    const burst = qos > 0 ? 1 : Math.max(1, Math.floor(quota / this.fan / 4))
    if (credit < burst) return
    const stamp = performance.now()
    for (; credit > 0 && !publisher.isFull; credit--) this.#publish(publisher, stamp)
  }

  #publish(publisher, stamp) {
    const { payload, topic, client } = publisher
    payload.writeDoubleLE(stamp, 0)
    payload.writeUInt32LE(publisher.index, 8)
    payload.writeUInt32LE(publisher.sequence++, 12)
    publisher.outstanding += this.fan
    this.published++
    publisher.isFull = !client.publish({ topic, payload, qos: this.#terms.qos, retain: false, token: 0 })
  }
}

function nothing() {}

function counted(count, make) {
  return Array.from({ length: count }, (_, index) => make(index))
}
