import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { METRICS_CONTENT_TYPE } from './metrics-text.ts'

export interface HttpEndpointOptions {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** Why clients cannot be served as they should be at this moment; undefined when they can. */
  readonly obstacle: () => string | undefined
  /** Prometheus' text format. */
  readonly metrics: () => string
  /** Within this a request comes and its answer is read, 5000 when left out. */
  readonly timeoutMs?: number | undefined
}

export interface HttpEndpointAddress {
  readonly host: string
  readonly port: number
  /** `http://127.0.0.1:9090` */
  readonly url: string
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Requests have no body and answers are small: whoever takes longer than this is no prober and no scraper. */
const DEFAULT_TIMEOUT_MS = 5000
const MAXIMUM_HEADER_BYTES = 8192
const MAXIMUM_CONNECTIONS = 64

/** Tells over HTTP how the broker is: `/livez`, `/readyz` and `/metrics`, for orchestrators and Prometheus. */
export class HttpEndpoint {
  readonly #options: HttpEndpointOptions
  readonly #server: Server

  constructor(options: HttpEndpointOptions) {
    this.#options = options
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options
    this.#server = createServer(
      {
        requestTimeout: timeoutMs, // its headers included
        keepAliveTimeout: timeoutMs,
        connectionsCheckingInterval: Math.min(timeoutMs, 1000),
        maxHeaderSize: MAXIMUM_HEADER_BYTES,
      },
      (request, response) => this.#respond(request, response),
    )
    this.#server.maxConnections = MAXIMUM_CONNECTIONS
    this.#server.timeout = timeoutMs // also for those that do not read their answer
  }

  /** Rejects with Node's error, e.g. code EADDRINUSE, with `address` and `port`. */
  listen(): Promise<HttpEndpointAddress> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      // once it listens this changes nothing: a connection that could not be accepted must not end the process
      this.#server.on('error', reject)
      this.#server.listen({ host, port }, () => {
        const bound = (this.#server.address() as AddressInfo).port
        resolve({ host, port: bound, url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}` })
      })
    })
  }

  /** Cuts what is connected. Resolves when the port is free; may be called more than once. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const { status, text, headers } = this.#answerSafely(request)
    const length = String(Buffer.byteLength(text))
    const usual = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': length, 'Cache-Control': 'no-store' }
    response.writeHead(status, { ...usual, ...headers })
    response.end(request.method === 'HEAD' ? undefined : text)
  }

  #answerSafely(request: IncomingMessage): Answer {
    try {
      return this.#answer(request)
    } catch (error) {
      return { status: 500, text: `The answer could not be put together: ${String(error)}\n` }
    }
  }

  #answer({ method, url = '' }: IncomingMessage): Answer {
    if (method !== 'GET' && method !== 'HEAD') {
      // a body, if there is one, is not waited for
      return {
        status: 405,
        text: 'Only GET and HEAD are served.\n',
        headers: { Allow: 'GET, HEAD', Connection: 'close' },
      }
    }
    switch (url.split('?', 1)[0]) {
      case '/livez':
        return { status: 200, text: 'ok' }
      case '/readyz':
        return this.#readiness()
      case '/metrics':
        return { status: 200, text: this.#options.metrics(), headers: { 'Content-Type': METRICS_CONTENT_TYPE } }
      default:
        return { status: 404, text: 'There is /livez, /readyz and /metrics.\n' }
    }
  }
  #readiness(): Answer {
    const obstacle = this.#options.obstacle()
    return obstacle === undefined ? { status: 200, text: 'ok' } : { status: 503, text: obstacle }
  }
}
