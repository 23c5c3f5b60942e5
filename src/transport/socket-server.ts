import { chmodSync, unlinkSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import { readProxyHeader } from './proxy-preface.ts'
import { judgeCertificate, type TlsTerms } from './tls-terms.ts'

export type Endpoint =
  | { readonly host: string; readonly port: number }
  /** A Unix socket; `mode` is what chmod takes. */
  | { readonly path: string; readonly mode: number }

export interface SocketServerOptions {
  readonly endpoint: Endpoint
  readonly tls: TlsTerms | undefined
  /** Every connection must begin with a PROXY header, which says where the client really is. */
  readonly proxyProtocol: boolean
  /** What has not got through PROXY header and TLS handshake by then is closed. */
  readonly handshakeTimeoutMs: () => number
  /** Sockets at once, 0 for no limit. */
  readonly maximumConnections: () => number
  /** Told of every client that is turned away here. */
  readonly onRefused: (details: object) => void
}

/** Where a socket's client is, and who its certificate says it is. */
export interface SocketOrigin {
  readonly address: string
  readonly port: number
  readonly isEncrypted: boolean
  readonly certificateUser: string | undefined
}

type AcceptSocket = (socket: Socket, origin: SocketOrigin) => void

/** How many connections may wait to be accepted: a fleet that reconnects comes all at once. */
const BACKLOG = 4096

/**
 * Sockets that are ready to be spoken on: accepted, told apart by their PROXY header where there is one, and through
 * the TLS handshake where there is one.
 *
 *   net.Server -> PROXY header -> TLS -> accept(socket, origin)
 */
export class SocketServer {
  readonly #options: SocketServerOptions
  readonly #accept: AcceptSocket
  readonly #server: Server
  #tlsServer: TlsServer | undefined
  /** By the address of the proxy's own socket: a TLS socket does not say which socket it runs over. */
  readonly #proxied = new Map<string, { readonly address: string; readonly port: number }>()
  #open = 0

  constructor(options: SocketServerOptions, accept: AcceptSocket) {
    this.#options = options
    this.#accept = accept
    this.setTls(options.tls)
    // acknowledgements are small and are wanted at once: no Nagle
    this.#server = createServer({ noDelay: true }, (socket) => this.#accepted(socket))
  }

  /** Resolves with the port, 0 for a Unix socket. */
  async listen(): Promise<number> {
    const { endpoint } = this.#options
    if ('path' in endpoint) {
      await removeStaleSocket(endpoint.path)
      await this.#listenOn({ path: endpoint.path })
      chmodSync(endpoint.path, endpoint.mode)
      return 0
    }
    await this.#listenOn(endpoint)
    return (this.#server.address() as AddressInfo).port
  }

  /** Takes no more clients; those connected stay. Resolves when the place is free for another. */
  close(): void {
    this.#server.close()
  }

  /** Other certificates, from the next client on. */
  setTls(terms: TlsTerms | undefined): void {
    this.#tlsServer = terms === undefined ? undefined : this.#newTlsServer(terms)
  }

  #listenOn(place: { readonly host: string; readonly port: number } | { readonly path: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ ...place, backlog: BACKLOG }, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }

  #accepted(socket: Socket): void {
    const maximum = this.#options.maximumConnections()
    if (maximum > 0 && this.#open >= maximum) {
      this.#options.onRefused({ address: socket.remoteAddress, reason: 'the connection limit is reached' })
      socket.destroy()
      return
    }
    this.#open++
    socket.once('close', () => this.#open--)
    socket.on('error', ignore) // whoever takes it over has a listener of its own
    if (!this.#options.proxyProtocol) {
      this.#secure(socket)
      return
    }
    const { remoteAddress = '', remotePort = 0 } = socket
    readProxyHeader(socket, this.#options.handshakeTimeoutMs(), (finding) => {
      if ('fault' in finding) {
        this.#options.onRefused({ address: remoteAddress, reason: `PROXY protocol: ${finding.fault}` })
        socket.destroy()
        return
      }
      const { address = remoteAddress, port } = finding
      const key = `${remoteAddress} ${remotePort}`
      this.#proxied.set(key, { address, port: finding.address === undefined ? remotePort : port })
      socket.once('close', () => this.#proxied.delete(key))
      this.#secure(socket)
    })
  }

  #secure(socket: Socket): void {
    if (this.#tlsServer === undefined) this.#ready(socket, false, undefined)
    else this.#tlsServer.emit('connection', socket)
  }

  #newTlsServer(terms: TlsTerms): TlsServer {
    const options = {
      ...terms.context,
      requestCert: terms.clientCertificate !== 'none',
      rejectUnauthorized: false, // judged below, so that the log can say why
      handshakeTimeout: this.#options.handshakeTimeoutMs(),
    }
    const server = createTlsServer(options, (socket) => {
      socket.on('error', ignore)
      const finding = judgeCertificate(socket, terms)
      if ('user' in finding) {
        this.#ready(socket, true, finding.user)
        return
      }
      this.#options.onRefused({ address: this.#origin(socket).address, reason: finding.fault })
      socket.destroy()
    })
    server.on('tlsClientError', (error, socket) => {
      this.#options.onRefused({ address: this.#origin(socket).address, reason: `TLS: ${error.message}` })
      socket.destroy()
    })
    return server
  }

  #ready(socket: Socket, isEncrypted: boolean, certificateUser: string | undefined): void {
    this.#accept(socket, { ...this.#origin(socket), isEncrypted, certificateUser })
  }

  #origin({ remoteAddress = '', remotePort = 0 }: Socket): { readonly address: string; readonly port: number } {
    return this.#proxied.get(`${remoteAddress} ${remotePort}`) ?? { address: remoteAddress, port: remotePort }
  }
}

function ignore(): void {}

/** A socket file that nobody answers on is left over from a process that was killed. */
function removeStaleSocket(path: string): Promise<void> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve() // listening will fail with EADDRINUSE, as it should
    })
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') unlinkSync(path)
      resolve()
    })
  })
}
