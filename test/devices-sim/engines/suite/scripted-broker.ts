import { once } from 'node:events'
import net from 'node:net'
import { PacketReader } from '../../../../src/protocol/packet-reader.ts'
import {
  hex,
  packet,
  propertySection,
  publishPacket,
  type Properties,
  type ProtocolVersion,
} from '../../../support/wire-packets.ts'

const names = [
  'reserved',
  'connect',
  'connack',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
  'pingreq',
  'pingresp',
  'disconnect',
  'auth',
] as const

/** A packet of a client: its bytes, and its packet identifier where it has one. */
export interface ClientPacket {
  readonly kind: (typeof names)[number]
  readonly dup: boolean
  readonly packetId: number
  readonly bytes: Buffer
}

/** One connection to a broker that does only what the test says. */
export class ScriptedConnection {
  readonly packets: ClientPacket[] = []
  readonly socket: net.Socket
  /** What is done at once when a packet comes. */
  onPacket: (packet: ClientPacket) => void = () => {}
  isClosed = false
  readonly #version: ProtocolVersion
  #taken = 0
  #check: () => void = () => {}

  constructor(socket: net.Socket, version: ProtocolVersion) {
    this.socket = socket
    this.#version = version
    const reader = new PacketReader(268_435_460, (bytes, start, bodyStart, end) => {
      this.#take(Buffer.from(bytes.subarray(start, end)), bodyStart - start)
      return true
    })
    socket.on('data', (chunk: Buffer) => reader.push(chunk))
    socket.on('end', () => socket.end())
    socket.on('error', () => {}) // a reset is a close like any other
    socket.on('close', () => {
      this.isClosed = true
      this.#check()
    })
  }

  /** All in one write. */
  send(...packets: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(packets))
  }

  accept({ sessionPresent = false, properties = {} as Properties } = {}): void {
    this.send(this.connack(0, sessionPresent, properties))
  }

  connack(code: number, sessionPresent = false, properties: Properties = {}): Uint8Array {
    const section = this.#version === 5 ? [propertySection(properties)] : []
    return packet(0x20, [sessionPresent ? 1 : 0, code], ...section)
  }

  publish(topicName: string, payload: string, fields: Parameters<typeof publishPacket>[3] = {}): Uint8Array {
    return publishPacket(this.#version, topicName, payload, fields)
  }

  /** The next packet in order; it must be of this kind. */
  async next(kind: ClientPacket['kind']): Promise<ClientPacket> {
    await this.#until(() => this.packets.length > this.#taken || this.isClosed)
    const found = this.packets[this.#taken++]
    if (found?.kind !== kind) throw new Error(`expected ${kind}, not ${found?.kind ?? 'the end'}`)
    return found
  }

  /** Waits for the end of the connection and gives what came that nobody took. */
  async rest(): Promise<ClientPacket[]> {
    await this.#until(() => this.isClosed)
    return this.packets.slice(this.#taken)
  }

  #take(bytes: Buffer, bodyAt: number): void {
    const first = bytes[0] as number
    const kind = names[first >> 4] as ClientPacket['kind']
    const topicBytes = kind === 'publish' ? 2 + bytes.readUInt16BE(bodyAt) : 0
    const hasId = kind === 'publish' ? (first & 6) !== 0 : first >> 4 >= 4 && first >> 4 <= 11
    const packetId = hasId ? bytes.readUInt16BE(bodyAt + topicBytes) : 0
    const taken = { kind, dup: kind === 'publish' && (first & 8) !== 0, packetId, bytes }
    this.packets.push(taken)
    this.onPacket(taken)
    this.#check()
  }

  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#check = () => {
        if (isSo()) resolve()
      }
      this.#check()
    })
  }
}

/** Raw bytes for what real brokers do not do. */
export class ScriptedBroker {
  readonly #server: net.Server
  readonly #version: ProtocolVersion
  readonly #untaken: ScriptedConnection[] = []
  readonly #all: ScriptedConnection[] = []
  #arrived: () => void = () => {}

  private constructor(version: ProtocolVersion) {
    this.#version = version
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const connection = new ScriptedConnection(socket, this.#version)
      this.#all.push(connection)
      this.#untaken.push(connection)
      this.#arrived()
    })
  }

  static async start(version: ProtocolVersion): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(version)
    broker.#server.listen(0, '127.0.0.1')
    await once(broker.#server, 'listening')
    return broker
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`
  }

  /** The next connection, whose CONNECT has come. */
  async connection(): Promise<ScriptedConnection> {
    while (this.#untaken.length === 0) await new Promise<void>((resolve) => (this.#arrived = resolve))
    const connection = this.#untaken.shift() as ScriptedConnection
    await connection.next('connect')
    return connection
  }

  close(): void {
    for (const { socket } of this.#all) socket.destroy()
    this.#server.close()
  }
}

/** Input and output that is under way gets done. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export const pingresp = hex('d0 00')
