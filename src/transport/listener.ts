import type { PeerInfo } from '../contracts/byte-stream.ts'
import type { DurabilityLevel } from '../contracts/durability.ts'
import type { ListenerAddress, ListenerRules } from '../contracts/listener.ts'
import type { SocketOrigin, SocketServer, SocketServerOptions } from './socket-server.ts'
import type { TlsTerms } from './tls-terms.ts'

/** What a listener is told. */
export interface ListenerTerms extends SocketServerOptions {
  /** Whether clients that do not say who they are may come in here. */
  readonly allowsAnonymous: boolean
  /** How publishes that come in here are kept; undefined: as the settings say for all. */
  readonly durability?: DurabilityLevel | undefined
  /** What else holds for those who come in here. */
  readonly rules?: ListenerRules | undefined
}

/** What the listeners have in common: their name, and what may change while they are open. */
export abstract class Listener {
  readonly #terms: ListenerTerms
  protected abstract readonly sockets: SocketServer
  #allowsAnonymous: boolean
  #durability: DurabilityLevel | undefined
  #rules: ListenerRules | undefined
  #isEncrypted: boolean
  #url = ''

  constructor(terms: ListenerTerms) {
    this.#terms = terms
    this.#allowsAnonymous = terms.allowsAnonymous
    this.#durability = terms.durability
    this.#rules = terms.rules
    this.#isEncrypted = terms.tls !== undefined
  }

  protected abstract urlScheme(isEncrypted: boolean): string

  /** Rejects with Node's error, e.g. code EADDRINUSE, with `address` and `port`. */
  async listen(): Promise<ListenerAddress> {
    const port = await this.sockets.listen()
    const { endpoint } = this.#terms
    const scheme = this.urlScheme(this.#isEncrypted)
    if ('path' in endpoint) {
      this.#url = `unix:${endpoint.path}`
      return { kind: 'unix', host: '', port: 0, url: this.#url }
    }
    const { host } = endpoint
    this.#url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
    return { kind: scheme.startsWith('mqtt') ? 'tcp' : 'websocket', host, port, url: this.#url }
  }

  /** Other certificates from the next client on. */
  setTls(tls: TlsTerms | undefined): void {
    this.sockets.setTls(tls)
  }

  /** From the next client on. */
  setAnonymous(allowsAnonymous: boolean): void {
    this.#allowsAnonymous = allowsAnonymous
  }

  /** From the next client on. */
  setDurability(durability: DurabilityLevel | undefined): void {
    this.#durability = durability
  }

  /** From the next client on. */
  setRules(rules: ListenerRules | undefined): void {
    this.#rules = rules
  }

  /** From the next client on; 0 = no limit. */
  setMaximumConnections(maximum: number): void {
    this.sockets.setMaximumConnections(maximum)
  }

  /** Takes no more clients; those connected stay. */
  close(): void {
    this.sockets.close()
  }

  protected peer(transport: PeerInfo['transport'], origin: SocketOrigin): PeerInfo {
    const { address, port, isEncrypted, certificateUser } = origin
    return {
      transport,
      listener: this.#url,
      address,
      port,
      isEncrypted,
      certificateUser,
      allowsAnonymous: this.#allowsAnonymous,
      durability: this.#durability,
      rules: this.#rules,
    }
  }
}
