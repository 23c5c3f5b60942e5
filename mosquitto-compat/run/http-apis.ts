import type { PeerInfo } from '../../src/contracts/byte-stream.ts'
import { grants } from '../../src/contracts/authorizer.ts'
import type { AuthenticationOutcome } from '../../src/contracts/authenticator.ts'
import type { Log } from '../../src/contracts/log.ts'
import { sysIntegers } from '../../src/observe/sys-topics.ts'
import { AccessControl } from '../../src/server/access-control.ts'
import type { Broker } from '../../src/server/broker.ts'
import { type Prepared, prepare } from '../../src/server/prepared.ts'
import type { SocketOrigin } from '../../src/transport/socket-server.ts'
import type { LoadedMosquittoConf } from '../load-mosquitto-conf.ts'
import { HttpApi, type HttpApiParts, type HttpApiTerms, type Login } from './http-api.ts'
import { type ListenerRow, listenerRows } from './listener-rows.ts'
import { versionText } from './usage.ts'

const CLIENT_ID = 'http-api'

/** The listeners with `protocol http_api`, which are beside those of the broker. */
export class HttpApis {
  readonly #broker: Pick<Broker, 'addresses' | 'statistics'>
  readonly #log: Log
  readonly #parts: HttpApiParts
  #open = new Map<string, HttpApi>()
  #access: AccessControl | undefined
  #version: LoadedMosquittoConf['version'] = '2.1'

  constructor(broker: Pick<Broker, 'addresses' | 'statistics'>, log: Log) {
    this.#broker = broker
    this.#log = log
    this.#parts = {
      pages: new Map<string, () => object>([
        ['/api/v1/systree', () => sysIntegers(this.#broker.statistics)],
        ['/api/v1/listeners', () => ({ listeners: this.rows })],
        ['/api/v1/version', () => ({ version: versionText(this.#version) })],
      ]),
      mayRead: (...question) => this.#mayRead(...question),
      onRefused: (details) => log.info(details, 'connection refused'),
    }
  }

  /** All that are open, those of the broker first. */
  get rows(): ListenerRow[] {
    return [...listenerRows(this.#broker.addresses), ...[...this.#open.values()].map(({ row }) => row)]
  }

  get ports(): number[] {
    return [...this.#open.values()].map(({ row }) => row.port)
  }

  /**
   * Reads what a conf names and opens what is new, all or nothing; `commit` has it hold. Throws SettingsError, or
   * rejects with Node's error for a port that is taken.
   */
  async prepare(loaded: LoadedMosquittoConf): Promise<{ commit(): void; abandon(): void }> {
    const prepared = preparedApis(loaded)
    const wanted = prepared.listeners.map(
      (listener) => [keyOf(listener as HttpApiTerms), listener as HttpApiTerms] as const,
    )
    const added = new Map<string, HttpApi>()
    const abandon = (): void => {
      for (const api of added.values()) api.close()
    }
    try {
      for (const [key, terms] of wanted) {
        if (this.#open.has(key)) continue
        const api = new HttpApi(terms, this.#parts)
        await api.listen()
        added.set(key, api)
      }
    } catch (error) {
      abandon()
      throw error
    }
    return { abandon, commit: () => this.#commit(loaded, prepared, wanted, added) }
  }

  #commit(
    { version }: LoadedMosquittoConf,
    prepared: Prepared,
    wanted: readonly (readonly [string, HttpApiTerms])[],
    added: ReadonlyMap<string, HttpApi>,
  ): void {
    this.#version = version
    if (this.#access !== undefined) this.#access.take(prepared)
    else if (wanted.length > 0) this.#access = new AccessControl(prepared, this.#log)
    const before = this.#open
    this.#open = new Map()
    for (const [key, terms] of wanted) {
      const api = added.get(key) ?? (before.get(key) as HttpApi)
      if (!added.has(key)) api.change(terms)
      this.#open.set(key, api)
      before.delete(key)
    }
    for (const api of before.values()) api.close()
  }

  async close(): Promise<void> {
    for (const api of this.#open.values()) api.close()
    this.#open.clear()
    await this.#access?.stop()
  }

  async #mayRead(
    { rules }: HttpApiTerms,
    { address, port, isEncrypted }: SocketOrigin,
    login: Login,
    path: string,
  ): Promise<'yes' | 'no' | 'who'> {
    const access = this.#access
    if (access === undefined || login === undefined) return 'who'
    const listener = CLIENT_ID
    const allowsAnonymous = false
    const place = { transport: 'tcp', address, port, isEncrypted, listener } as const
    const peer: PeerInfo = { ...place, allowsAnonymous, certificateUser: undefined, rules }
    const outcome = await loggedIn(access, peer, login)
    if (outcome.result !== 'accepted') return 'who'
    const client = { clientId: CLIENT_ID, user: outcome.user, peer }
    const answer = access.authorizer.authorize(client, { action: 'receive', topicName: path, topicFilter: path })
    return grants(answer, 0) ? 'yes' : 'no'
  }
}

/** The files that they name, read and checked. */
export function preparedApis({ settings, httpApis }: LoadedMosquittoConf): Prepared {
  return prepare({ ...settings, listeners: httpApis }, Date.now())
}

function loggedIn({ authenticator }: AccessControl, peer: PeerInfo, login: NonNullable<Login>) {
  const plain = { method: undefined, data: undefined, exchange: { state: undefined }, isGone: () => false }
  return new Promise<AuthenticationOutcome>((resolve, reject) => {
    const request = { step: 'connect', peer, clientId: CLIENT_ID, ...login, ...plain } as const
    Promise.resolve(authenticator.authenticate(request, resolve)).catch(reject)
  })
}

/** Which it is, whatever else changes. */
function keyOf({ settings: { host, port, tls } }: HttpApiTerms): string {
  return `${host} ${port} ${tls === undefined ? 'plain' : 'tls'}`
}
