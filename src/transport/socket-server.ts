import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls'
import { isMainThread } from 'node:worker_threads'
import type { OpenSockets } from './open-sockets.ts'
import type { ProxiedTls, ProxyHeader } from './proxy-header.ts'
import { readProxyHeader } from './proxy-preface.ts'
import { judgeCertificate, type TlsTerms } from './tls-terms.ts'

export type Endpoint =
  | { readonly host: string; readonly port: number; readonly ipv6Only?: boolean }
  /** A Unix socket; `mode` is what chmod takes. */
  | { readonly path: string; readonly mode: number }

export interface SocketServerOptions {
  readonly endpoint: Endpoint
  readonly tls: TlsTerms | undefined
  /** Every connection must begin with a PROXY header, which says where the client really is. */
  readonly proxyProtocol: ProxyTerms | undefined
  /** Sockets of this listener at once, 0 = no limit. */
  readonly maximumConnections: number
  /** Acknowledgements are small and are wanted at once; without it the system gathers small packets. */
  readonly noDelay: boolean
  /** Where the PROXY header has not come by then, the connection is closed. */
  readonly handshakeTimeoutMs: () => number
  /** Counted by all listeners together: those on their way in, and those that are. */
  readonly openSockets: OpenSockets
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

/** What is asked of the PROXY header. */
export interface ProxyTerms {
  /** undefined: of either version. */
  readonly version: 1 | 2 | undefined
  readonly requiresTls: boolean
  /** The common name of the certificate that the header names is the user. */
  readonly namesUser: boolean
}

const TOO_MANY_FROM_THERE = 'the connection limit of this address is reached'

type AcceptSocket = (socket: Socket, origin: SocketOrigin) => void

interface Arrival {
  readonly socket: Socket
  /** The proxy's, until its header has said whose it is. */
  address: string
  port: number
  /** As the PROXY header says. */
  proxied: ProxiedTls | undefined
}

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
  #maximumConnections: number
  /** Open, on their way in or past it. */
  #open = 0
  /** On their way in, by both ends of the socket: a TLS socket does not say which socket it runs over. */
  readonly #arriving = new Map<string, Arrival>()

  constructor(options: SocketServerOptions, accept: AcceptSocket) {
    this.#options = options
    this.#accept = accept
    this.#maximumConnections = options.maximumConnections
    this.setTls(options.tls)
    this.#server = createServer({ noDelay: options.noDelay }, (socket) => this.#accepted(socket))
    this.#server.on('error', (error) => {
      if (this.#server.listening) options.onRefused({ reason: `a connection was not accepted: ${error.message}` })
    })
  }

  /** Resolves with the port, 0 for a Unix socket. */
  async listen(): Promise<number> {
    const { endpoint } = this.#options
    if ('path' in endpoint) {
      await removeStaleSocket(endpoint.path)
      await withMode(endpoint.mode, () => this.#listenOn({ path: endpoint.path }))
      chmodSync(endpoint.path, endpoint.mode)
      return 0
    }
    await this.#listenOn(endpoint)
    return (this.#server.address() as AddressInfo).port
  }

  /** Takes no more clients, and leaves the place to others at once. Those connected stay, those on their way go. */
  close(): void {
    this.#server.close()
    for (const { socket } of this.#arriving.values()) socket.destroy()
  }

  /** Other certificates, from the next client on. */
  setTls(terms: TlsTerms | undefined): void {
    this.#tlsServer = terms === undefined ? undefined : this.#newTlsServer(terms)
  }

  /** From the next client on; those that are too many stay. */
  setMaximumConnections(maximum: number): void {
    this.#maximumConnections = maximum
  }

  #listenOn(place: Extract<Endpoint, { host: string }> | { readonly path: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ ...place, backlog: BACKLOG }, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }

  #accepted(socket: Socket): void {
    const { openSockets, proxyProtocol } = this.#options
    const { remotePort: port = 0 } = socket
    const address = addressOf(socket)
    if (!openSockets.hasRoom) {
      this.#turnAway(socket, address, 'the connection limit is reached')
      return
    }
    if (this.#maximumConnections > 0 && this.#open >= this.#maximumConnections) {
      this.#turnAway(socket, address, 'the connection limit of this listener is reached')
      return
    }
    openSockets.opened()
    this.#open++
    if (proxyProtocol === undefined && this.#tlsServer === undefined) {
      // the common case: one listener for both counts
      const isAdmitted = openSockets.admit(address)
      socket.on('close', () => {
        this.#open--
        openSockets.closed(isAdmitted ? address : undefined)
      })
      if (!isAdmitted) {
        this.#turnAway(socket, address, TOO_MANY_FROM_THERE)
        return
      }
      this.#accept(socket, { address, port, isEncrypted: false, certificateUser: undefined })
      return
    }
    socket.once('close', () => {
      this.#open--
      openSockets.closed(undefined)
    })
    if (proxyProtocol === undefined && !this.#admit(socket, address)) return
    const arrival: Arrival = { socket, address, port, proxied: undefined }
    const ends = endsOf(socket)
    this.#arriving.set(ends, arrival)
    socket.once('close', () => {
      if (this.#arriving.get(ends) === arrival) this.#arriving.delete(ends)
    })
    socket.on('error', ignore) // whoever takes it over has a listener of its own
    if (proxyProtocol !== undefined) this.#readHeader(arrival, proxyProtocol)
    else this.#secure(socket)
  }

  /** Before a handshake is paid for: are there too many from there already? */
  #admit(socket: Socket, address: string): boolean {
    const { openSockets } = this.#options
    if (!openSockets.admit(address)) {
      this.#turnAway(socket, address, TOO_MANY_FROM_THERE)
      return false
    }
    socket.once('close', () => openSockets.left(address))
    return true
  }

  #turnAway(socket: Socket, address: string, reason: string): void {
    this.#options.onRefused({ address, reason })
    socket.destroy()
  }

  #readHeader(arrival: Arrival, terms: ProxyTerms): void {
    const { socket } = arrival
    readProxyHeader(socket, this.#options.handshakeTimeoutMs(), (finding) => {
      const fault = 'fault' in finding ? finding.fault : proxyFault(finding, terms)
      if (fault !== undefined) {
        this.#turnAway(socket, arrival.address, `PROXY protocol: ${fault}`)
        return
      }
      const { address, port, tls } = finding as ProxyHeader
      arrival.proxied = tls
      if (address !== undefined) Object.assign(arrival, { address, port })
      if (this.#admit(socket, arrival.address)) this.#secure(socket)
    })
  }

  #secure(socket: Socket): void {
    if (this.#tlsServer === undefined) this.#readyBehindProxy(socket)
    else this.#tlsServer.emit('connection', socket)
  }

  /** The client's encryption ends at the proxy, where there is one. */
  #readyBehindProxy(socket: Socket): void {
    const proxied = this.#arriving.get(endsOf(socket))?.proxied
    const namesUser = this.#options.proxyProtocol?.namesUser === true
    this.#ready(socket, proxied !== undefined, namesUser ? proxied?.commonName : undefined)
  }

  #newTlsServer(terms: TlsTerms): TlsServer {
    const identities = new WeakMap<object, string>()
    const options = {
      ...terms.context,
      ...(terms.psk !== undefined && pskOptions(terms.psk, identities)),
      requestCert: terms.clientCertificate !== 'none',
      rejectUnauthorized: false, // judged below, so that the log can say why
      handshakeTimeout: terms.handshakeTimeoutMs,
    }
    const server = createTlsServer(options, (socket) => {
      socket.on('error', ignore)
      const finding = judgeCertificate(socket, terms, identities.get(socket))
      if ('user' in finding) {
        this.#ready(socket, true, finding.user)
        return
      }
      this.#turnAway(socket, this.#origin(socket).address, finding.fault)
    })
    server.on('tlsClientError', (error, socket) => {
      this.#turnAway(socket, this.#origin(socket).address, `TLS: ${(error as OpensslError).reason ?? error.message}`)
    })
    return server
  }

  #ready(socket: Socket, isEncrypted: boolean, certificateUser: string | undefined): void {
    const origin = this.#origin(socket)
    this.#arriving.delete(endsOf(socket))
    this.#accept(socket, { ...origin, isEncrypted, certificateUser })
  }

  #origin(socket: Socket): { readonly address: string; readonly port: number } {
    const { address = '', port = 0 } = this.#arriving.get(endsOf(socket)) ?? {}
    return { address, port }
  }
}

/** Why the header, though it is one, is not what this listener asks for. */
function proxyFault({ version, tls }: ProxyHeader, terms: ProxyTerms): string | undefined {
  if (terms.version !== undefined && version !== terms.version) return `the header is not of version ${terms.version}`
  if (terms.requiresTls && tls === undefined) return 'the header does not say that the client came by TLS'
  const lacksUser = terms.namesUser && tls?.commonName === undefined
  return lacksUser ? 'the header names no verified client certificate' : undefined
}

function pskOptions({ keys, hint }: NonNullable<TlsTerms['psk']>, identities: WeakMap<object, string>) {
  return {
    pskCallback: (socket: TLSSocket, identity: string): Uint8Array | null => {
      identities.set(socket, identity)
      return keys.get(identity) ?? null
    },
    ...(hint !== undefined && { pskIdentityHint: hint }),
  }
}

/** What OpenSSL says of a failed handshake, without its place in OpenSSL's own source. */
type OpensslError = Error & { readonly reason?: string }

/** A TLS socket has the same as the socket it runs over. Those on Unix sockets have none, and no way to go either. */
/** Where a client is. One of IPv4 at a socket for both is called as at one for IPv4 alone, and counted with those. */
export function addressOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  return remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')
}

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}

function ignore(): void {}

/** Binding happens within the call: the file is never open to more than `mode` allows. Threads cannot set the mask. */
function withMode<T>(mode: number, listen: () => T): T {
  if (!isMainThread) return listen()
  const usual = process.umask(0o777 & ~mode)
  try {
    return listen()
  } finally {
    process.umask(usual)
  }
}

/** A socket file that nobody answers on is left over from a process that was killed. Any other file stays. */
async function removeStaleSocket(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return
  if (!(await isAnswered(path))) unlinkSync(path)
}

/** Anything but a plain no counts as yes: listening will then say what is wrong. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}
