import net from 'node:net'
import tls from 'node:tls'
import { WebSocket } from 'ws'
import type { EngineOptions } from '../engine.ts'

/** Bytes to a broker and back. What `onData` is given holds only until it returns. */
export interface ClientStream {
  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void
  pause(): void
  resume(): void
  /** Sends what was written, then closes. */
  end(): void
  destroy(): void
}

export interface ClientStreamEvents {
  onOpen(): void
  onData(chunk: Uint8Array): void
  /** Once, whatever the reason. */
  onClose(reason: string): void
}

/** Opens streams of one kind: TCP, TLS or WebSocket, as the URL says. */
export type StreamOpener = (events: ClientStreamEvents, localAddress: string | undefined) => ClientStream

const READ_BUFFER_BYTES = 64 * 1024

/** Throws for a scheme that is none of MQTT's. */
export function streamOpener(options: EngineOptions): StreamOpener {
  const url = new URL(options.url)
  const secure = { ...options.tls, rejectUnauthorized: !options.tls.insecure }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  switch (url.protocol) {
    case 'mqtt:':
    case 'tcp:':
      return tcpOpener(host, Number(url.port || 1883))
    case 'mqtts:':
    case 'tls:': {
      const servername = net.isIP(host) === 0 ? { servername: host } : {}
      const terms = { host, port: Number(url.port || 8883), ...servername, ...withoutUndefined(secure) }
      return (events, localAddress) => {
        const socket = tls.connect({ ...terms, ...(localAddress !== undefined && { localAddress }) })
        socket.on('data', (chunk: Buffer) => events.onData(chunk))
        return followed(socket, events, 'secureConnect')
      }
    }
    case 'ws:':
    case 'wss:':
      return (events, localAddress) => webSocketStream(url, withoutUndefined({ ...secure, localAddress }), events)
    default:
      throw new Error(`${url.protocol}// is no MQTT URL; there is mqtt://, mqtts://, ws:// and wss://`)
  }
}

/** All sockets read into one buffer: a chunk is used up before the next read, and an idle client holds none. */
function tcpOpener(host: string, port: number): StreamOpener {
  const shared = process.platform === 'win32' ? undefined : Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  return (events, localAddress) => {
    const onread = {
      buffer: shared ?? Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
      callback: (byteCount: number, buffer: Uint8Array): boolean => {
        events.onData(buffer.subarray(0, byteCount))
        return true
      },
    }
    const socket = net.connect({
      host,
      port,
      noDelay: true,
      onread,
      ...(localAddress !== undefined && { localAddress }),
    })
    return followed(socket, events, 'connect')
  }
}

function followed(socket: net.Socket, events: ClientStreamEvents, opened: 'connect' | 'secureConnect'): ClientStream {
  let failure = ''
  socket.once(opened, () => events.onOpen())
  socket.on('error', (error: NodeJS.ErrnoException) => (failure = error.code ?? error.message))
  socket.once('close', () => events.onClose(failure === '' ? 'the broker closed the connection' : failure))
  return {
    write: (bytes, onWritten) => void socket.write(bytes, onWritten),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  }
}

function webSocketStream(url: URL, options: object, events: ClientStreamEvents): ClientStream {
  const socket = new WebSocket(url, 'mqtt', { ...options, perMessageDeflate: false })
  socket.binaryType = 'nodebuffer'
  let failure = ''
  socket.on('open', () => events.onOpen())
  socket.on('message', (data: Buffer) => events.onData(data))
  socket.on('error', (error: NodeJS.ErrnoException) => (failure = error.code ?? error.message))
  socket.on('close', (code) => events.onClose(failure === '' ? `the broker closed the connection (${code})` : failure))
  return {
    write: (bytes, onWritten) => socket.send(bytes, onWritten),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: () => socket.close(1000),
    destroy: () => socket.terminate(),
  }
}

function withoutUndefined<T extends object>(values: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}
