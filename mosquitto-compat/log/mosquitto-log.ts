import type { ByteStream } from '../../src/contracts/byte-stream.ts'
import type { BrokerEvents, ClientInfo } from '../../src/contracts/events.ts'
import type { Log } from '../../src/contracts/log.ts'
import type { MosquittoVersion } from '../mosquitto-version.ts'
import type { LogType } from '../process-terms.ts'
import type { LineWriter } from './line-writer.ts'
import { type PacketLog, TracedStream } from './traced-stream.ts'

type Fields = Readonly<Record<string, unknown>>

/** Where what happens to clients is heard of. */
interface Events {
  on<Name extends keyof BrokerEvents>(event: Name, listener: (...values: BrokerEvents[Name]) => void): unknown
}

/** What Mosquitto calls a reason, by the name of the reason code. */
const reasons: Readonly<Record<string, string>> = {
  'keep alive timeout': 'exceeded timeout',
  'not authorized': 'not authorised',
  'bad user name or password': 'not authorised',
  'packet too large': 'oversize packet',
  'topic name invalid': 'protocol error',
  'topic filter invalid': 'protocol error',
}

/** Lines of the broker's own log that have another in this one, or none. */
const toldOtherwise: ReadonlySet<string> = new Set([
  'client connected',
  'client disconnected',
  'connection lost',
  'not authorized',
  'listening',
  'message dropped',
])

/** The broker's log in Mosquitto's words, for scripts that read it. What those have no words for is added in ours. */
export class MosquittoLog implements Log, PacketLog {
  readonly #writer: LineWriter
  readonly #version: MosquittoVersion
  readonly #streams = new WeakMap<object, TracedStream>()
  /** Of those connected, by client identifier. */
  readonly #connected = new Map<string, TracedStream>()
  /** Of clients the broker is about to disconnect: why. */
  #disconnecting: { readonly clientId: string; readonly reason: string } | undefined

  constructor(writer: LineWriter, version: MosquittoVersion) {
    this.#writer = writer
    this.#version = version
  }

  get tellsPackets(): boolean {
    return this.#writer.wants('debug')
  }

  packet(lines: readonly string[]): void {
    for (const line of lines) this.#writer.write('debug', line)
  }

  /** For the broker's `tap`. */
  readonly tap = (stream: ByteStream): ByteStream => {
    const { address, port, listener } = stream.peer
    if (this.#writer.tellsConnections) {
      this.#writer.write('notice', `New connection from ${placeOf(address, port)} on port ${portOf(listener)}.`)
    }
    const traced = new TracedStream(stream, this)
    this.#streams.set(stream.peer, traced)
    return traced
  }

  listenTo(events: Events): void {
    events.on('connected', (client) => this.#tellConnected(client))
    events.on('denied', ({ clientId, action, topic }) => {
      if (action === 'publish') this.#connected.get(clientId)?.denied(topic)
    })
    events.on('disconnected', (client, { reason }) => this.#tellDisconnected(client, reason))
    events.on('subscribed', ({ clientId }, { topicFilter, qos }) =>
      this.#writer.write('subscribe', `${clientId} ${qos} ${topicFilter}`),
    )
    events.on('unsubscribed', ({ clientId }, { topicFilter }) =>
      this.#writer.write('unsubscribe', `${clientId} ${topicFilter}`),
    )
  }

  #tellConnected({ clientId, user, peer, protocolVersion }: ClientInfo): void {
    const stream = this.#streams.get(peer)
    stream?.named(clientId)
    if (stream !== undefined) this.#connected.set(clientId, stream)
    if (this.#writer.tellsConnections) {
      const kind = stream?.connect?.isBridge === true ? 'bridge' : 'client'
      const clean = Number(stream?.connect?.cleanStart ?? false)
      const shown = this.#version === '2.0' ? { 3: 1, 4: 2, 5: 5 }[protocolVersion] : protocolVersion
      const name = stream?.connect?.userName ?? user
      const details = `p${shown}, c${clean}, k${stream?.connect?.keepAlive ?? 0}${name === undefined ? '' : `, u'${name}'`}`
      const from = placeOf(peer.address, peer.port)
      this.#writer.write('notice', `New ${kind} connected from ${from} as ${clientId} (${details}).`)
    }
    stream?.accepted()
  }

  #tellDisconnected({ clientId, peer }: ClientInfo, reason: string): void {
    this.#streams.get(peer)?.tellWaiting()
    const ended = this.#disconnecting
    this.#disconnecting = undefined
    if (this.#connected.get(clientId)?.peer === peer) this.#connected.delete(clientId)
    if (!this.#writer.tellsConnections) return
    const why = ended?.clientId === clientId ? ended.reason : reason
    // 2.0 has said so when the other one came
    if (this.#version === '2.0' && why === 'session taken over') return
    const isOrderly = reason === 'the client disconnected'
    const isLost = reason.startsWith('the connection was lost')
    if (this.#version === '2.0') this.#writer.write('notice', oldFarewell(clientId, why, isOrderly, isLost))
    else {
      const who = `Client ${clientId} [${placeOf(peer.address, peer.port)}] disconnected`
      const because = isLost ? 'connection closed by client' : why
      this.#writer.write('notice', isOrderly ? `${who}.` : `${who}: ${because}.`)
    }
  }

  debug(fields: object, message: string): void {
    this.#tell('debug', fields as Fields, message)
  }

  info(fields: object, message: string): void {
    this.#tell('information', fields as Fields, message)
  }

  warn(fields: object, message: string): void {
    this.#tell('warning', fields as Fields, message)
  }

  error(fields: object, message: string): void {
    this.#tell('error', fields as Fields, message)
  }

  #tell(type: LogType, fields: Fields, message: string): void {
    if (message === 'client disconnected by the broker') this.#toBeDisconnected(fields)
    else if (message === 'connection refused') this.#refused(fields)
    else if (!toldOtherwise.has(message)) this.#writer.write(type, `${prefixes[type] ?? ''}${inOurs(fields, message)}`)
  }

  #toBeDisconnected({ clientId, reason }: Fields): void {
    const name = String(reason)
    this.#disconnecting = { clientId: String(clientId), reason: reasons[name] ?? name }
    if (name === 'session taken over') {
      this.#writer.write('notice', `Client ${String(clientId)} already connected, closing old connection.`)
    }
  }

  #refused(fields: Fields): void {
    const { address, port, clientId, reason, detail, unsaid } = fields
    const name = String(reason ?? detail ?? '')
    if (/connection limit/.test(name)) {
      this.#writer.write('notice', `Client connection from ${String(address)} denied: max_connections exceeded.`)
      return
    }
    const id = clientId === undefined || clientId === '' ? '<unknown>' : String(clientId)
    const why = reasons[name] ?? (name || 'refused')
    const what = detail === undefined || detail === name ? '' : ` (${String(detail)})`
    const more = unsaid === undefined ? '' : ` (${String(unsaid)} more from there went untold)`
    const place = port === undefined ? String(address) : `${String(address)}:${String(port)}`
    if (this.#version === '2.0') {
      this.#writer.write(
        'notice',
        why === 'not authorised'
          ? `Client ${id} disconnected, not authorised.${more}`
          : `Client ${id} disconnected due to ${why}.${more}`,
      )
    } else this.#writer.write('notice', `Client ${id} [${place}] disconnected: ${why}${what}.${more}`)
  }
}

const prefixes: Readonly<Partial<Record<LogType, string>>> = { warning: 'Warning: ', error: 'Error: ' }

/** As 2.0 took leave of a client. */
function oldFarewell(clientId: string, why: string, isOrderly: boolean, isLost: boolean): string {
  if (isOrderly) return `Client ${clientId} disconnected.`
  if (isLost) return `Client ${clientId} closed its connection.`
  if (why === 'exceeded timeout') return `Client ${clientId} has exceeded timeout, disconnecting.`
  return `Client ${clientId} disconnected due to ${why}.`
}

function inOurs(fields: Fields, message: string): string {
  const details = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
  return details.length === 0 ? message : `${message} (${details.join(', ')})`
}

function placeOf(address: string, port: number): string {
  return address === '' ? 'unix' : `${address}:${port}`
}

/** Of a listener's name: `mqtt://127.0.0.1:1883`; 0 for a Unix socket. */
function portOf(listener: string): number {
  return Number(/:(\d+)$/.exec(listener)?.[1] ?? 0)
}
