import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { createWebSocketStream, WebSocket, type ClientOptions } from 'ws'
import { decodePacket, splitPackets, type Connack, type InboundPacket } from '../support/wire-decoder.ts'
import {
  connectPacket,
  joined,
  publishPacket,
  subscribePacket,
  type ConnectFields,
  type ProtocolVersion,
} from '../support/wire-packets.ts'
import { unique } from '../support/wire-steps.ts'

const open = new Set<PipeClient>()

/** An MQTT client on any stream of bytes: a socket in whatever wrapping. */
export class PipeClient {
  readonly stream: Duplex
  readonly version: ProtocolVersion
  /** Resolves when the stream is closed, with the error that closed it. */
  readonly closed: Promise<Error | undefined>
  #bytes: Uint8Array = new Uint8Array()
  #packets: InboundPacket[] = []
  #wake: () => void = () => {}
  #isClosed = false

  constructor(stream: Duplex, version: ProtocolVersion = 5) {
    this.stream = stream
    this.version = version
    open.add(this)
    let failure: Error | undefined
    stream.on('error', (error) => (failure = error))
    stream.on('data', (chunk: Buffer) => {
      const { packets, rest } = splitPackets(joined(this.#bytes, chunk))
      this.#bytes = rest
      this.#packets.push(...packets.map((one) => decodePacket(version, one)))
      this.#wake()
    })
    this.closed = new Promise((resolve) =>
      stream.on('close', () => {
        this.#isClosed = true
        this.#wake()
        resolve(failure)
      }),
    )
  }

  /** The next packet; rejects when the connection is closed instead. */
  async next(): Promise<InboundPacket> {
    for (;;) {
      const packet = this.#packets.shift()
      if (packet !== undefined) return packet
      if (this.#isClosed) throw new Error('the connection was closed')
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async connect(fields: ConnectFields = {}): Promise<Connack> {
    this.stream.write(connectPacket(this.version, { clientId: unique('pipe'), ...fields }))
    return (await this.next()) as Connack
  }

  /** Proves that the connection carries messages both ways. */
  async exchange(payload = unique('payload')): Promise<void> {
    const topicName = unique('exchange')
    this.stream.write(subscribePacket(this.version, 1, [{ topicFilter: topicName }]))
    await this.next()
    this.stream.write(publishPacket(this.version, topicName, payload))
    const packet = await this.next()
    if (packet.kind !== 'publish' || packet.text !== payload) throw new Error(`a ${packet.kind} instead of the message`)
  }
}

/** For `afterEach`. */
export function releasePipes(): void {
  for (const { stream } of open) stream.destroy()
  open.clear()
}

export function openPipe(port: number): PipeClient {
  return new PipeClient(connectTcp({ host: '127.0.0.1', port, noDelay: true }))
}

export function openUnixPipe(path: string): PipeClient {
  return new PipeClient(connectTcp({ path }))
}

/** Resolves when the handshake is over on this side, rejects when it fails. `preface` goes before it, as it is. */
export async function openTlsPipe(port: number, options: ConnectionOptions, preface?: Uint8Array): Promise<TlsPipe> {
  const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true })
  if (preface !== undefined) socket.write(preface)
  const secure = connectTls({ socket, servername: 'localhost', ...options })
  const client = new PipeClient(secure) as TlsPipe
  await new Promise<void>((resolve, reject) => {
    secure.once('secureConnect', resolve)
    secure.once('error', reject)
  })
  return client
}

export interface TlsPipe extends PipeClient {
  readonly stream: TLSSocket
}

/** Over WebSocket: `url` is ws: or wss:. */
export function openWebSocketPipe(url: string, options: ClientOptions = {}): PipeClient {
  return new PipeClient(createWebSocketStream(new WebSocket(url, ['mqtt'], { perMessageDeflate: false, ...options })))
}
