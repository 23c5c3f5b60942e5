import type { IConnackPacket, IPublishPacket, MqttClient, Packet } from 'mqtt'
import { reasonCodeName } from '../../../src/protocol/reason-codes.ts'
import type {
  ClientEvents,
  ConnectTerms,
  InboundPublish,
  OutboundPublish,
  SimulatedClient,
  SubscriptionTerms,
} from '../engine.ts'
import type { StreamOpener } from '../light/client-stream.ts'
import { connectRefusal } from '../light/connect-packet.ts'
import { LEAVE_TIMEOUT_MS } from '../light/keep-alive.ts'
import { clientOptions, publishOptions } from './client-options.ts'
import { MqttjsStream, MUCH_BYTES } from './mqttjs-stream.ts'
import { SessionState } from './session-state.ts'

/** What the MQTT.js clients of one process share. */
export interface MqttjsShared {
  readonly mqtt: typeof import('mqtt')
  readonly open: StreamOpener
}

/** A connection under way or standing; gone with it. */
interface Connection {
  readonly mqttjs: MqttClient
  readonly stream: MqttjsStream
  readonly terms: ConnectTerms
  /** Nothing more is told of it but that it is closed. */
  isSilenced: boolean
  /** DISCONNECT is sent: what comes cannot be acknowledged any more. */
  isLeaving: boolean
  isPinging: boolean
  isPaused: boolean
}

const TOPIC_FILTER_INVALID = 0x8f

/** One MQTT.js client after the other, with the session that they share. */
export class MqttjsClient implements SimulatedClient {
  readonly #shared: MqttjsShared
  readonly #events: ClientEvents
  readonly #session: SessionState
  /** Filters asked for, by packet identifier: as they were asked for, and as they were sent. */
  readonly #subscribing = new Map<number, { readonly asked: readonly string[]; readonly sent: readonly string[] }>()
  #connection: Connection | undefined
  #isFull = false
  /** Said by ourselves before the connection closes: why. */
  #reason = ''

  constructor(shared: MqttjsShared, events: ClientEvents, predecessor?: MqttjsClient) {
    this.#shared = shared
    this.#events = events
    this.#session = predecessor === undefined ? new SessionState() : predecessor.#session
  }

  get unacknowledged(): number {
    return this.#session.inFlight.size
  }

  connect(terms: ConnectTerms): void {
    if (this.#connection !== undefined) throw new Error('this client has a connection')
    this.#reason = ''
    this.#isFull = false
    this.#subscribing.clear()
    const stream = new MqttjsStream(this.#shared.open, terms.localAddress)
    const isLive = (): boolean => this.#connection === connection && !connection.isSilenced
    const mqttjs = new this.#shared.mqtt.MqttClient(() => stream, {
      ...clientOptions(terms),
      messageIdProvider: this.#session.messageIds(),
      outgoingStore: this.#session.outgoingStore(isLive, terms.sessionExpiryInterval > 0),
      incomingStore: this.#session.incomingStore(),
      // an interval is no number here, and MQTT.js does not look at it
      timerVariant: {
        set: (tick, ms) => setInterval(() => keepAliveTick(connection, tick as () => void), ms) as unknown as number,
        clear: (timer) => clearInterval(timer),
      },
    })
    const connection: Connection = {
      mqttjs,
      stream,
      terms,
      isSilenced: false,
      isLeaving: false,
      isPinging: true,
      isPaused: false,
    }
    this.#connection = connection
    mqttjs.on('packetreceive', (packet) => {
      if (isLive()) this.#receive(connection, packet)
    })
    mqttjs.on('error', (error) => this.#fault(connection, error))
    mqttjs.on('close', () => this.#closed(connection))
    stream.on('drain', () => {
      if (isLive()) this.#drained()
    })
    mqttjs.connect()
  }

  publish(message: OutboundPublish): boolean {
    const { mqttjs, stream, terms } = this.#connection as Connection
    this.#session.sendingToken = message.token
    mqttjs.publish(message.topic, Buffer.from(message.payload), publishOptions(message, terms.protocolVersion))
    if (stream.writableLength < MUCH_BYTES) return true
    this.#isFull = true
    return false
  }

  subscribe(subscriptions: readonly SubscriptionTerms[]): void {
    const connection = this.#connection as Connection
    const asked = subscriptions.map(({ topicFilter }) => topicFilter)
    const wanted = Object.fromEntries(
      subscriptions.map(({ topicFilter, qos }) => [topicFilter, { qos, nl: false, rap: false, rh: 0 }]),
    )
    const sent = Object.keys(wanted)
    if (this.#shared.mqtt.validateTopics(sent) !== null) return this.#refuseFilters(connection, asked)
    connection.mqttjs.subscribe(wanted)
    this.#subscribing.set(this.#session.lastPacketId, { asked, sent })
  }

  disconnect(): void {
    const connection = this.#connection
    if (connection === undefined || connection.isLeaving) return
    this.#reason ||= 'disconnected'
    const { mqttjs, stream } = connection
    if (!mqttjs.connected) {
      connection.isSilenced = true
      return void stream.destroy()
    }
    connection.isLeaving = true
    connection.isPinging = false
    mqttjs.outgoing = {} // for whose acknowledgements it would wait
    mqttjs.end()
    stream.mute()
    stream.release()
    const patience = setTimeout(() => stream.destroy(), LEAVE_TIMEOUT_MS)
    stream.once('close', () => clearTimeout(patience))
  }

  drop(): void {
    const connection = this.#connection
    if (connection === undefined) return
    this.#reason ||= 'dropped'
    connection.isSilenced = true
    connection.stream.destroy()
  }

  freeze(): void {
    const connection = this.#connection
    if (connection === undefined) return
    connection.isSilenced = true
    connection.isPinging = false
    connection.stream.freeze()
  }

  stopPinging(): void {
    if (this.#connection !== undefined) this.#connection.isPinging = false
  }

  pauseReading(): void {
    if (this.#connection === undefined) return
    this.#connection.isPaused = true
    this.#connection.stream.hold()
  }

  resumeReading(): void {
    if (this.#connection === undefined) return
    this.#connection.isPaused = false
    this.#connection.mqttjs.reschedulePing(true)
    this.#connection.stream.release()
  }

  /** One packet of the broker, before MQTT.js looks at it. */
  #receive(connection: Connection, packet: Packet): void {
    switch (packet.cmd) {
      case 'publish':
        return this.#receivePublish(connection, packet)
      case 'puback':
        return this.#acknowledge(packet.messageId as number, packet.reasonCode ?? 0)
      case 'pubcomp':
        // the end of its message with any code: the answer to a second PUBREL is that it is known no more
        return this.#acknowledge(packet.messageId as number, 0)
      case 'pubrec':
        if ((packet.reasonCode ?? 0) >= 0x80) this.#acknowledge(packet.messageId as number, packet.reasonCode as number)
        return
      case 'pubrel':
        this.#session.received.delete(packet.messageId as number)
        return
      case 'suback':
        return this.#subscribed(packet)
      case 'connack':
        return this.#receiveConnack(connection, packet)
      case 'disconnect':
        return this.#fail(`the broker disconnected: ${reasonCodeName(packet.reasonCode ?? 0).trim()}`)
    }
  }

  #receiveConnack(connection: Connection, packet: IConnackPacket): void {
    const { protocolVersion } = connection.terms
    const code = (protocolVersion === 5 ? packet.reasonCode : packet.returnCode) ?? 0
    if (code !== 0) {
      this.#reason ||= `refused: ${connectRefusal(code, protocolVersion)}`
      return
    }
    if (!packet.sessionPresent) this.#session.clear()
    // MQTT.js takes it in first, and nothing else before this
    process.nextTick(() => {
      if (this.#connection !== connection || connection.isSilenced) return
      this.#sendAgain(connection.mqttjs)
      this.#events.connected(packet.sessionPresent, packet.properties?.receiveMaximum ?? 65_535)
    })
  }

  /** As MQTT.js does itself for what lies in its store, see `SessionState.outgoingStore`. */
  #sendAgain(mqttjs: MqttClient): void {
    for (const packet of this.#session.toSendAgain()) {
      mqttjs.outgoing[packet.messageId as number] = { volatile: false, cmd: packet.cmd, cb: () => {} }
      mqttjs['_sendPacket'](packet, undefined, undefined, true)
    }
  }

  #receivePublish(connection: Connection, packet: IPublishPacket): void {
    if (packet.qos > 0 && connection.isLeaving) return
    if (packet.qos === 2) {
      const packetId = packet.messageId as number
      if (this.#session.received.has(packetId)) return
      this.#session.received.add(packetId)
    }
    this.#events.received(inboundMessage(packet))
  }

  #acknowledge(packetId: number, reasonCode: number): void {
    const message = this.#session.inFlight.get(packetId)
    if (message === undefined) return
    this.#session.inFlight.delete(packetId)
    this.#events.acknowledged(message.token, reasonCode)
  }

  #subscribed({ messageId, granted }: Extract<Packet, { cmd: 'suback' }>): void {
    const subscribing = this.#subscribing.get(messageId as number)
    this.#subscribing.delete(messageId as number)
    if (subscribing === undefined) return
    const codes = new Map(subscribing.sent.map((filter, index) => [filter, Number(granted[index])]))
    this.#events.subscribed(subscribing.asked.map((filter) => codes.get(filter) as number))
  }

  /** MQTT.js does not send what is no filter. */
  #refuseFilters(connection: Connection, asked: readonly string[]): void {
    process.nextTick(() => {
      if (this.#connection === connection) this.#events.subscribed(asked.map(() => TOPIC_FILTER_INVALID))
    })
  }

  #drained(): void {
    if (!this.#isFull) return
    this.#isFull = false
    this.#events.writable()
  }

  #fault(connection: Connection, { message }: Error): void {
    if (this.#connection !== connection || connection.isSilenced) return
    if (message === 'Keepalive timeout') this.#fail('no answer to PINGREQ')
    else if (message === 'connack timeout') this.#fail('no answer to CONNECT in 30 seconds')
    else if (!message.includes('does not answer')) this.#fail(`the broker sent what cannot be read: ${message}`)
  }

  #fail(reason: string): void {
    this.#reason ||= reason
    this.#connection?.stream.destroy()
  }

  #closed(connection: Connection): void {
    if (this.#connection !== connection) return
    this.#connection = undefined
    this.#events.closed(this.#reason === '' ? connection.stream.closeReason : this.#reason)
  }
}

/** While we do not read, no answer to a ping can be seen, so only pings are sent. */
function keepAliveTick({ mqttjs, isPinging, isPaused }: Connection, tick: () => void): void {
  if (!isPinging) return
  if (isPaused) mqttjs.sendPing()
  else tick()
}

function inboundMessage({ topic, payload, qos, retain, dup, properties }: IPublishPacket): InboundPublish {
  const mark = properties?.userProperties?.['sim']
  return {
    topic,
    payload: payload as Buffer,
    qos,
    retain,
    dup,
    mark: Array.isArray(mark) ? mark[0] : mark,
    responseTopic: properties?.responseTopic,
    correlationData: properties?.correlationData,
  }
}
