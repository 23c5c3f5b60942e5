import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import type { Ledger } from './ledger.ts'
import { type Random, seededRandom } from './random.ts'
import { door } from './sensors/door.ts'
import { gps } from './sensors/gps.ts'
import { meter } from './sensors/meter.ts'
import type { Sensor } from './sensors/sensor.ts'
import { temperature } from './sensors/temperature.ts'

/** Unacknowledged messages of one device beyond which it skips readings rather than pile them up. */
const maximumPending = 50
const reconnectPeriodMs = 500

export interface DeviceOptions {
  readonly url: string
  readonly protocolVersion: 4 | 5
  readonly run: string
  readonly number: number
  readonly seed: number
  /** Readings per second in multiples of each sensor's own pace. */
  readonly rate: number
  /** Whether it will drop its connection and must find its session again. */
  readonly drops: boolean
  readonly topicPrefix: string
}

/** One device: four sensors, a retained status, and a will that tells when it drops off. */
export class Device {
  readonly name: string
  readonly #options: DeviceOptions
  readonly #ledger: Ledger
  readonly #sensors: { readonly sensor: Sensor; nextMs: number }[]
  readonly #client: MqttClient
  #pending = 0
  #firstTickMs: number | undefined
  #isDropping = false
  /** Without a connection, and not because it has just broken it off itself. */
  isLost = false
  births = 0
  wills = 0
  skipped = 0
  /** Readings that the rate asked for, and those of them that were left out because the machine was late. */
  due = 0
  late = 0
  /** Connections that ended although nobody wanted it. */
  lostConnections = 0

  constructor(options: DeviceOptions, ledger: Ledger, startMs: number) {
    this.#options = options
    this.#ledger = ledger
    this.name = `device-${String(options.number).padStart(4, '0')}`
    const random = seededRandom(options.seed * 1_000_003 + options.number)
    this.#sensors = makeSensors(random).map((sensor) => ({
      sensor,
      nextMs: startMs + (random() * sensor.intervalMs) / options.rate,
    }))
    this.#client = mqtt.connect(options.url, { ...this.#connectOptions(), manualConnect: true })
    this.#client.on('connect', () => this.#announceBirth())
    this.#client.on('error', () => {}) // reported by connect(), and later by the closed connection
  }

  get topicName(): string {
    return `${this.#options.topicPrefix}/${this.name}`
  }

  get isConnected(): boolean {
    return this.#client.connected
  }

  /** Messages handed to the client and not yet acknowledged (QoS 0: not yet written). */
  get pending(): number {
    return this.#pending
  }

  /** Resolves when the broker has accepted the device, rejects when it has not. */
  async connect(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#client.once('connect', () => resolve())
      this.#client.once('error', reject)
      this.#client.once('close', () => reject(new Error('the connection was closed')))
      this.#client.connect()
    })
    let stood = true
    this.#client.on('connect', () => {
      stood = true
      this.isLost = false
    })
    this.#client.on('close', () => {
      if (stood && !this.#isDropping && !this.#client.disconnecting) this.lostConnections += 1
      this.isLost = !this.#isDropping
      stood = false // a failed attempt to come back is a close as well
      this.#isDropping = false
    })
  }

  /** Publishes the readings that are due at `nowMs`. */
  tick(nowMs: number): void {
    this.#firstTickMs ??= nowMs
    for (const entry of this.#sensors) {
      if (entry.nextMs > nowMs) continue
      const intervalMs = entry.sensor.intervalMs / this.#options.rate
      // What fell due while the fleet was still connecting is nobody's delay.
      const behindMs = nowMs - intervalMs - Math.max(entry.nextMs + intervalMs, this.#firstTickMs)
      const late = Math.max(0, behindMs / intervalMs)
      this.late += late
      this.due += 1 + late
      // After a stall the missed readings are left out, not sent in one burst.
      entry.nextMs = Math.max(entry.nextMs + intervalMs, nowMs - intervalMs)
      if (this.#client.connected) this.#publishReading(entry.sensor)
    }
  }

  /** Breaks the connection without DISCONNECT and with QoS 1 and 2 messages on their way; the client comes back. */
  drop(): void {
    if (!this.#client.connected) return
    this.wills += 1
    this.#isDropping = true
    for (const { sensor } of this.#sensors) if (sensor.qos > 0) this.#publishReading(sensor)
    this.#client.stream.destroy()
  }

  /** Says goodbye in the retained status and leaves; the broker keeps nothing else of it. */
  async leave(): Promise<void> {
    if (this.#client.connected) {
      const goodbye = this.#status('offline', 'goodbye')
      await this.#client.publishAsync(`${this.topicName}/status`, goodbye, { qos: 1, retain: true })
    }
    const isPlain5 = this.#options.protocolVersion === 5 && this.#client.connected
    await this.#client.endAsync(!this.#client.connected, isPlain5 ? { properties: { sessionExpiryInterval: 0 } } : {})
    if (this.#options.drops && this.#options.protocolVersion === 4) await this.#discardSession()
  }

  /** Stops at once, whatever is on its way. */
  async abandon(): Promise<void> {
    await this.#client.endAsync(true)
  }

  #connectOptions(): IClientOptions {
    const { protocolVersion, run, number, drops } = this.#options
    return {
      protocolVersion,
      clientId: `sim-${run}-${number}`,
      clean: !drops,
      reconnectPeriod: reconnectPeriodMs,
      connectTimeout: 10_000,
      queueQoSZero: false,
      will: { topic: `${this.topicName}/status`, payload: this.#status('offline', 'will'), qos: 1, retain: true },
      ...(protocolVersion === 5 && drops ? { properties: { sessionExpiryInterval: 60 } } : {}),
    }
  }

  #announceBirth(): void {
    this.births += 1
    this.#client.publish(`${this.topicName}/status`, this.#status('online', 'birth'), { qos: 1, retain: true })
  }

  #publishReading(sensor: Sensor): void {
    if (this.#pending >= maximumPending) {
      this.skipped += 1
      return
    }
    const reading = sensor.read()
    if (reading === undefined) return
    const sequence = this.#ledger.send(`${this.name}/${sensor.name}`, sensor.qos)
    const message = { run: this.#options.run, device: this.name, sequence, ...reading }
    this.#pending += 1
    this.#client.publish(`${this.topicName}/${sensor.name}`, JSON.stringify(message), { qos: sensor.qos }, (error) => {
      this.#pending -= 1
      if (error === undefined || error === null) this.#ledger.acknowledge(sensor.qos)
    })
  }

  #status(status: 'online' | 'offline', by: 'birth' | 'will' | 'goodbye'): string {
    return JSON.stringify({ run: this.#options.run, device: this.name, status, by })
  }

  /** MQTT 3.1.1 has no expiry: a session is got rid of by connecting once more with Clean Session 1. */
  async #discardSession(): Promise<void> {
    const { will: _, ...options } = this.#connectOptions()
    const client = await mqtt.connectAsync(this.#options.url, { ...options, clean: true, reconnectPeriod: 0 })
    await client.endAsync()
  }
}

function makeSensors(random: Random): Sensor[] {
  return [temperature, gps, meter, door].map((make) => make(seededRandom(Math.floor(random() * 2 ** 32))))
}
