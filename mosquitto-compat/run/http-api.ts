import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { fileServer, type ServeFile } from '../../src/transport/file-server.ts'
import { OpenSockets } from '../../src/transport/open-sockets.ts'
import { SocketServer, type SocketOrigin } from '../../src/transport/socket-server.ts'
import type { PreparedListener } from '../../src/server/prepared.ts'
import type { WebSocketListenerSettings } from '../../src/settings/settings.ts'
import { boundTo, type ListenerRow } from './listener-rows.ts'

/** A listener with `protocol http_api`, read and checked. What it has in common with one for WebSockets is said so. */
export type HttpApiTerms = PreparedListener & { readonly settings: WebSocketListenerSettings }

/** A login that came with a request; undefined: none. */
export type Login = { readonly userName: string; readonly password: Uint8Array } | undefined

export interface HttpApiParts {
  /** By path: what it answers, as JSON. */
  readonly pages: ReadonlyMap<string, () => object>
  /** Asked where anonymous clients are not let in. */
  readonly mayRead: (
    terms: HttpApiTerms,
    origin: SocketOrigin,
    login: Login,
    path: string,
  ) => Promise<'yes' | 'no' | 'who'>
  readonly onRefused: (details: object) => void
}

const MAXIMUM_HEADER_BYTES = 8192
const USUAL_CONNECTIONS = 64
const HANDSHAKE_TIMEOUT_MS = 10_000
/** Within this a request comes and its answer is read. */
const TIMEOUT_MS = 30_000

/** Answers `/api/v1/...`, and serves files where a directory is named. */
export class HttpApi {
  readonly #parts: HttpApiParts
  #terms: HttpApiTerms
  #files: ServeFile | undefined
  readonly #sockets: SocketServer
  readonly #http: Server
  readonly #origins = new WeakMap<object, SocketOrigin>()
  readonly #open = new Set<Socket>()

  constructor(terms: HttpApiTerms, parts: HttpApiParts) {
    this.#parts = parts
    this.#terms = terms
    this.#files = filesOf(terms)
    this.#http = createServer(
      { requestTimeout: TIMEOUT_MS, maxHeaderSize: MAXIMUM_HEADER_BYTES },
      (request, response) => {
        this.#respond(request, response).catch(() => response.destroy())
      },
    )
    const { host = '127.0.0.1', port, ipv6Only = false, maximumConnections = 0 } = terms.settings
    const options = {
      endpoint: { host, port, ipv6Only },
      tls: terms.tls?.terms,
      proxyProtocol: undefined,
      noDelay: true,
      maximumConnections: maximumConnections === 0 ? USUAL_CONNECTIONS : maximumConnections,
      handshakeTimeoutMs: () => HANDSHAKE_TIMEOUT_MS,
      openSockets: new OpenSockets({ maximumConnections: 0, maximumConnectionsPerAddress: 0 }),
      onRefused: parts.onRefused,
    }
    this.#sockets = new SocketServer(options, (socket, origin) => this.#accept(socket, origin))
  }

  /** Rejects with Node's error when the port is taken. */
  async listen(): Promise<void> {
    await this.#sockets.listen()
  }

  /** Other certificates, directories and rules, from the next request on. */
  change(terms: HttpApiTerms): void {
    this.#terms = terms
    this.#files = filesOf(terms)
    this.#sockets.setTls(terms.tls?.terms)
  }

  close(): void {
    this.#sockets.close()
    for (const socket of this.#open) socket.destroy()
  }

  get row(): ListenerRow {
    const { host = '127.0.0.1', port, tls } = this.#terms.settings
    return { port, protocol: 'http_api', tls: tls !== undefined, ...boundTo(host) }
  }

  #accept(socket: Socket, origin: SocketOrigin): void {
    this.#origins.set(socket, origin)
    this.#open.add(socket)
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
    socket.once('close', () => this.#open.delete(socket))
    this.#http.emit('connection', socket)
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Access-Control-Allow-Origin', '*')
    if (request.method !== 'GET') {
      response.setHeader('Allow', 'GET')
      response.setHeader('Connection', 'close') // a body, if there is one, is not waited for
      return answer(response, 405, { error: 'Only GET is served.' })
    }
    const path = request.url?.split('?', 1)[0] ?? '/'
    const outcome = await this.#judge(request, path)
    if (outcome === 'who') {
      response.setHeader('WWW-Authenticate', 'Basic realm="Mosquitto API", charset="UTF-8"')
      return answer(response, 401, { error: 'A login is needed.' })
    }
    if (outcome === 'no') return answer(response, 403, { error: 'This user may not read it.' })
    const page = this.#parts.pages.get(path)
    if (page !== undefined) return answer(response, 200, page())
    if (this.#files === undefined || path.startsWith('/api/'))
      return answer(response, 404, { error: 'There is no such page.' })
    this.#files(request, response)
  }

  #judge({ socket, headers }: IncomingMessage, path: string): Promise<'yes' | 'no' | 'who'> | 'yes' | 'who' {
    if (this.#terms.allowsAnonymous) return 'yes'
    const origin = this.#origins.get(socket)
    return origin === undefined ? 'who' : this.#parts.mayRead(this.#terms, origin, loginIn(headers.authorization), path)
  }
}

function filesOf({ settings: { httpDirectory } }: HttpApiTerms): ServeFile | undefined {
  return httpDirectory === undefined ? undefined : fileServer(httpDirectory)
}

function loginIn(header = ''): Login {
  const [, encoded] = /^Basic +([\w+/=-]+)$/i.exec(header) ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { userName: text.toString('utf8', 0, colon), password: text.subarray(colon + 1) }
}

function answer(response: ServerResponse, status: number, content: object): void {
  const text = `${JSON.stringify(content)}\n`
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  })
  response.end(text)
}
