import { isDeepStrictEqual } from 'node:util'
import type { BrokerCore } from '../broker/core.ts'
import type { ByteStream } from '../contracts/byte-stream.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Limits } from '../contracts/limits.ts'
import type { ListenerAddress } from '../contracts/listener.ts'
import type { Rates } from '../contracts/rates.ts'
import type { Settings } from '../settings/settings.ts'
import { RepeatedLines } from '../structures/repeated-lines.ts'
import { MqttListener } from '../transport/mqtt-listener.ts'
import { mounted } from '../transport/mounted-stream.ts'
import { OpenSockets } from '../transport/open-sockets.ts'
import { RateLimits } from '../transport/rate-limits.ts'
import type { ProxyTerms } from '../transport/socket-server.ts'
import { WebSocketListener } from '../transport/websocket-listener.ts'
import type { UpgradeTerms } from '../transport/websocket-upgrades.ts'
import type { Prepared, PreparedListener } from './prepared.ts'

interface Open {
  /** Which listener it is, whatever else changes: what it speaks and where. */
  readonly key: string
  readonly listener: MqttListener | WebSocketListener
  readonly address: ListenerAddress
  prepared: PreparedListener
}

export interface ListenersParts {
  readonly clock: Clock
  readonly rates: Rates
  /** Puts something between a client's stream and the broker. */
  readonly tap: (stream: ByteStream) => ByteStream
}

/** The listeners that are open, and how they become others. */
export class Listeners {
  readonly #core: BrokerCore
  #open: readonly Open[] = []
  readonly #openSockets: OpenSockets
  readonly #rates: RateLimits
  readonly #parts: ListenersParts

  constructor(core: BrokerCore, parts: ListenersParts) {
    this.#core = core
    this.#parts = parts
    this.#rates = newRateLimits(core, parts.clock, parts.rates)
    this.#openSockets = new OpenSockets(core.limits)
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#open.map(({ address }) => address)
  }

  /** Names of those that let anonymous clients in. */
  get openToAnonymous(): ReadonlySet<string> {
    return new Set(this.#open.filter(({ prepared }) => prepared.allowsAnonymous).map(({ address }) => address.url))
  }

  /** Which of them have users and rights of their own: `ListenerRules.access` by name. */
  get access(): ReadonlyMap<string, string | undefined> {
    return new Map(this.#open.map(({ prepared, address }) => [address.url, prepared.rules?.access]))
  }

  /**
   * Opens those that are not open yet, all or none, and resolves with the step that makes the change whole: those no
   * longer wanted are closed, the others get their new terms. Until it is called nothing has changed for anybody.
   */
  async prepare({
    listeners,
    settings: { limits, rates },
  }: Prepared): Promise<{ commit(): void; abandon(): Promise<void> }> {
    const keys = listeners.map(({ settings }, index) => keyOf(settings, index))
    const known = new Map(this.#open.map((open) => [open.key, open]))
    const added = listeners.flatMap((prepared, index) => {
      const key = keys[index] as string
      return known.has(key) ? [] : [{ key, prepared, listener: this.#newListener(prepared, limits) }]
    })
    // one that becomes another at the same place makes room first; its clients stay
    const places = new Set(added.map(({ prepared }) => placeOf(prepared.settings)))
    const inTheWay = this.#open.filter(
      ({ key, prepared }) => !keys.includes(key) && places.has(placeOf(prepared.settings)),
    )
    for (const { listener } of inTheWay) listener.close()
    const outcomes = await Promise.allSettled(added.map(({ listener }) => listener.listen()))
    const abandon = async (): Promise<void> => {
      for (const [index, { listener }] of added.entries()) {
        if (outcomes[index]?.status === 'fulfilled') listener.close()
      }
      for (const { listener } of inTheWay) await listener.listen()
    }
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) {
      await abandon()
      throw failed.reason
    }
    const opened = new Map(
      added.map((one, index) => {
        const address = (outcomes[index] as PromiseFulfilledResult<ListenerAddress>).value
        return [one.key, { ...one, address }] as const
      }),
    )
    return { abandon, commit: () => this.#commit(listeners, { limits, rates }, keys, new Map([...known, ...opened])) }
  }

  /** Takes no more clients; those connected stay. */
  close(): void {
    for (const { listener } of this.#open) listener.close()
    this.#open = []
    this.#rates.release()
  }

  /** Runs before the core has the new limits. */
  #commit(
    listeners: readonly PreparedListener[],
    { limits, rates }: Pick<Settings, 'limits' | 'rates'>,
    keys: readonly string[],
    all: ReadonlyMap<string, Open>,
  ): void {
    this.#rates.change(rates)
    const wanted = new Set(keys)
    for (const { key, listener } of this.#open) if (!wanted.has(key)) listener.close()
    this.#open = listeners.map((prepared, index) => {
      const open = all.get(keys[index] as string) as Open
      if (open.prepared !== prepared) this.#change(open, prepared, limits)
      return open
    })
  }

  #change(open: Open, prepared: PreparedListener, limits: Limits): void {
    const { settings, tls, allowsAnonymous, rules } = prepared
    const { listener } = open
    // unless they are others, so that clients may go on resuming their TLS sessions
    if (!isDeepStrictEqual(tls?.terms, open.prepared.tls?.terms)) listener.setTls(tls?.terms)
    listener.setAnonymous(allowsAnonymous)
    listener.setDurability(settings.durability)
    listener.setRules(rules)
    listener.setMaximumConnections(settings.maximumConnections ?? 0)
    if (listener instanceof WebSocketListener) {
      listener.setUpgradeTerms(this.upgradeTerms(originsOf(settings), limits))
      listener.setHttpDirectory(directoryOf(settings))
    }
    open.prepared = prepared
  }

  #newListener({ settings, tls, allowsAnonymous, rules }: PreparedListener, limits: Limits): Open['listener'] {
    const core = this.#core
    const accept = (stream: ByteStream): void => {
      core.accept(this.#parts.tap(mounted(this.#rates.pace(stream), core.limits)))
    }
    const common = {
      tls: tls?.terms,
      allowsAnonymous,
      durability: settings.durability,
      rules,
      maximumConnections: settings.maximumConnections ?? 0,
      handshakeTimeoutMs: () => core.limits.connectTimeoutMs,
      openSockets: this.#openSockets,
      onRefused: (details: object) => core.turnedAway(details),
    }
    if (settings.kind === 'unix') {
      const endpoint = { path: settings.path, mode: Number.parseInt(settings.mode ?? '660', 8) }
      return new MqttListener({ ...common, noDelay: true, endpoint, proxyProtocol: undefined }, accept)
    }
    const { host = '127.0.0.1', port, ipv6Only = false, noDelay = true } = settings
    const terms = { ...common, noDelay, endpoint: { host, port, ipv6Only }, proxyProtocol: proxyTerms(settings) }
    if (settings.kind === 'tcp') return new MqttListener(terms, accept)
    const httpDirectory = directoryOf(settings)
    return new WebSocketListener({ ...terms, ...this.upgradeTerms(originsOf(settings), limits), httpDirectory }, accept)
  }

  upgradeTerms(allowedOrigins: readonly string[], limits: Limits = this.#core.limits): UpgradeTerms {
    return {
      allowedOrigins,
      maximumFrameBytes: limits.maximumPacketBytes + FRAME_SLACK_BYTES,
      onRefused: (details) => this.#core.turnedAway(details),
    }
  }
}

/** Who waits for a rate limit is named once in this time. */
const SLOWED_INTERVAL_MS = 10_000

function newRateLimits(core: BrokerCore, clock: Clock, rates: Rates): RateLimits {
  const lines = new RepeatedLines(SLOWED_INTERVAL_MS)
  const limits = new RateLimits(rates, {
    clock,
    onSlowed: ({ address, clientId }) => {
      const unsaid = lines.next(`${address} ${clientId?.slice(0, 256)}`, core.time.nowMs)
      if (unsaid !== undefined) core.log.info({ clientId, address }, 'slowed by a rate limit')
    },
    onPaced: () => core.events.on('connected', ({ peer, clientId, user }) => limits.identified(peer, clientId, user)),
  })
  return limits
}

/** A WebSocket frame may carry many packets, so it may be larger than any of them. */
const FRAME_SLACK_BYTES = 1024 * 1024

function originsOf(settings: PreparedListener['settings']): readonly string[] {
  return settings.kind === 'websocket' ? (settings.allowedOrigins ?? []) : []
}

function directoryOf(settings: PreparedListener['settings']): string | undefined {
  return settings.kind === 'websocket' ? settings.httpDirectory : undefined
}

function proxyTerms(settings: Exclude<PreparedListener['settings'], { kind: 'unix' }>): ProxyTerms | undefined {
  const { proxyProtocol = false, proxyRequiresTls = false, proxyCertificateUser = false } = settings
  if (proxyProtocol === false) return undefined
  const version = proxyProtocol === true ? undefined : proxyProtocol
  return { version, requiresTls: proxyRequiresTls, namesUser: proxyCertificateUser }
}

/** Two of one port can both be open only at other hosts; that is left to the system. Free ports never collide. */
function placeOf(settings: PreparedListener['settings']): string | number | symbol {
  if (settings.kind === 'unix') return settings.path
  return settings.port === 0 ? Symbol('free') : settings.port
}

/** Whether it is encrypted, or behind a proxy, makes it another listener: its clients are others. */
function keyOf(settings: PreparedListener['settings'], index: number): string {
  if (settings.kind === 'unix') return `unix ${settings.path} ${settings.mode}`
  const { kind, host, port, tls, ipv6Only, noDelay } = settings
  const place = port === 0 ? `any ${index}` : port // free ports are told apart by their place in the list
  const proxy = proxyTerms(settings)
  const proxied = proxy === undefined ? 'direct' : `proxy ${proxy.version} ${proxy.requiresTls} ${proxy.namesUser}`
  return [
    kind,
    host,
    ipv6Only ? 'ipv6' : '',
    noDelay === false ? 'gathered' : '',
    place,
    tls === undefined ? 'plain' : 'tls',
    proxied,
  ].join(' ')
}
