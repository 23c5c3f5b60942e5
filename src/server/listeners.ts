import type { BrokerCore } from '../broker/core.ts'
import type { ListenerAddress } from '../contracts/listener.ts'
import { MqttListener } from '../transport/mqtt-listener.ts'
import type { SocketServerOptions } from '../transport/socket-server.ts'
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

/** The listeners that are open, and how they become others. */
export class Listeners {
  readonly #core: BrokerCore
  #open: readonly Open[] = []

  constructor(core: BrokerCore) {
    this.#core = core
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#open.map(({ address }) => address)
  }

  /**
   * Opens those that are not open yet, all or none, and resolves with the step that makes the change whole: those no
   * longer wanted are closed, the others get their new terms. Until it is called nothing has changed for anybody.
   */
  async prepare({ listeners }: Prepared): Promise<{ commit(): void; abandon(): Promise<void> }> {
    const keys = listeners.map(({ settings }, index) => keyOf(settings, index))
    const known = new Map(this.#open.map((open) => [open.key, open]))
    const added = listeners.flatMap((prepared, index) => {
      const key = keys[index] as string
      return known.has(key) ? [] : [{ key, prepared, listener: this.#newListener(prepared) }]
    })
    // one that becomes another at the same place makes room first; its clients stay
    const inTheWay = this.#open.filter(
      ({ key, prepared }) =>
        !keys.includes(key) && added.some((one) => placeOf(one.prepared.settings) === placeOf(prepared.settings)),
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
    return { abandon, commit: () => this.#commit(listeners, keys, new Map([...known, ...opened])) }
  }

  /** Takes no more clients; those connected stay. */
  close(): void {
    for (const { listener } of this.#open) listener.close()
    this.#open = []
  }

  #commit(listeners: readonly PreparedListener[], keys: readonly string[], all: ReadonlyMap<string, Open>): void {
    const wanted = new Set(keys)
    for (const { key, listener } of this.#open) if (!wanted.has(key)) listener.close()
    this.#open = listeners.map((prepared, index) => {
      const open = all.get(keys[index] as string) as Open
      if (open.prepared !== prepared) this.#change(open, prepared)
      return open
    })
  }

  #change(open: Open, prepared: PreparedListener): void {
    const { settings, tls, allowsAnonymous } = prepared
    const { listener } = open
    const isOther = tls?.fingerprint !== open.prepared.tls?.fingerprint || !sameTerms(open.prepared, prepared)
    if (isOther) listener.setTls(tls?.terms)
    listener.setAnonymous(allowsAnonymous)
    if (listener instanceof WebSocketListener) listener.setUpgradeTerms(this.upgradeTerms(originsOf(settings)))
    open.prepared = prepared
  }

  #newListener({ settings, tls, allowsAnonymous }: PreparedListener): Open['listener'] {
    const core = this.#core
    const accept = core.accept.bind(core)
    const common: Omit<SocketServerOptions, 'endpoint' | 'proxyProtocol'> & { allowsAnonymous: boolean } = {
      tls: tls?.terms,
      allowsAnonymous,
      handshakeTimeoutMs: () => core.limits.connectTimeoutMs,
      maximumConnections: () => core.limits.maximumConnections,
      onRefused: (details) => core.turnedAway(details),
    }
    if (settings.kind === 'unix') {
      const endpoint = { path: settings.path, mode: Number.parseInt(settings.mode ?? '660', 8) }
      return new MqttListener({ ...common, endpoint, proxyProtocol: false }, accept)
    }
    const { host = '127.0.0.1', port, proxyProtocol = false } = settings
    const terms = { ...common, endpoint: { host, port }, proxyProtocol }
    if (settings.kind === 'tcp') return new MqttListener(terms, accept)
    return new WebSocketListener({ ...terms, ...this.upgradeTerms(originsOf(settings)) }, accept)
  }

  upgradeTerms(allowedOrigins: readonly string[]): UpgradeTerms {
    const core = this.#core
    return {
      allowedOrigins,
      maximumFrameBytes: core.limits.maximumPacketBytes + FRAME_SLACK_BYTES,
      onRefused: (details) => core.turnedAway(details),
    }
  }
}

/** A WebSocket frame may carry many packets, so it may be larger than any of them. */
const FRAME_SLACK_BYTES = 1024 * 1024

function originsOf(settings: PreparedListener['settings']): readonly string[] {
  return settings.kind === 'websocket' ? (settings.allowedOrigins ?? []) : []
}

function sameTerms(one: PreparedListener, other: PreparedListener): boolean {
  return tlsText(one) === tlsText(other)
}

function tlsText({ settings }: PreparedListener): string | undefined {
  return JSON.stringify('tls' in settings ? settings.tls : undefined)
}

/** Two that would be here cannot both be open; free ports never collide. */
function placeOf(settings: PreparedListener['settings']): string | symbol {
  if (settings.kind === 'unix') return settings.path
  return settings.port === 0 ? Symbol('free') : `${settings.host}:${settings.port}`
}

/** Whether it is encrypted, or behind a proxy, makes it another listener: its clients are others. */
function keyOf(settings: PreparedListener['settings'], index: number): string {
  if (settings.kind === 'unix') return `unix ${settings.path}`
  const { kind, host, port, tls, proxyProtocol } = settings
  const place = port === 0 ? `any ${index}` : port // free ports are told apart by their place in the list
  return [kind, host, place, tls === undefined ? 'plain' : 'tls', proxyProtocol ? 'proxy' : 'direct'].join(' ')
}
