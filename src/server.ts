import { createRequire } from 'node:module'
import { allowAllAuthorizer, anonymousAuthenticator } from './auth/allow-all.ts'
import { BrokerCore } from './broker/core.ts'
import type { Authenticator } from './contracts/authenticator.ts'
import type { Authorizer } from './contracts/authorizer.ts'
import type { Clock } from './contracts/clock.ts'
import type { Log } from './contracts/log.ts'
import type { Statistics } from './contracts/statistics.ts'
import type { Store } from './contracts/store.ts'
import { silentLog } from './observe/silent-log.ts'
import { SysTopics } from './observe/sys-topics.ts'
import { systemClock } from './observe/system-clock.ts'
import { newApplicationMessage } from './protocol/new-application-message.ts'
import { encodeText } from './protocol/text.ts'
import { completeSettings, type ListenerSettings, type PartialSettings, type Settings } from './settings/settings.ts'
import { MemoryStore } from './storage/memory-store.ts'
import type { ListenerAddress } from './transport/listener.ts'
import { TcpListener } from './transport/tcp-listener.ts'
import { WebSocketListener } from './transport/websocket-listener.ts'

/** Parts that a caller may bring along; each has a default. */
export interface BrokerParts {
  readonly clock?: Clock
  readonly log?: Log
  /** Where durable state goes; closed with the broker. */
  readonly store?: Store
  readonly authenticator?: Authenticator
  readonly authorizer?: Authorizer
}

/** A broker: opened by `listen`, closed by `close`. It prints nothing and installs no signal handlers. */
export interface Broker {
  readonly statistics: Statistics
  /** Opens all listeners, or none. Called once. Rejects with Node's error, e.g. `EADDRINUSE` with `address` and `port`. */
  listen(): Promise<readonly ListenerAddress[]>
  /**
   * Takes no more clients, publishes the wills that are due, sends DISCONNECT 0x8B to 5.0 clients, and resolves when everything queued
   * has left and every connection is closed; after `graceMs` connections are cut.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>
}

export type { ListenerAddress }

export function createBroker(partial: PartialSettings = {}, parts: BrokerParts = {}): Broker {
  const settings = completeSettings(partial)
  const clock = parts.clock ?? systemClock
  const store = parts.store ?? new MemoryStore()
  const core = new BrokerCore({
    limits: settings.limits,
    features: settings.features,
    clock,
    log: parts.log ?? silentLog,
    store,
    authenticator: parts.authenticator ?? anonymousAuthenticator,
    authorizer: parts.authorizer ?? allowAllAuthorizer,
  })
  return new ListeningBroker(settings, core, clock, store)
}

type Listener = TcpListener | WebSocketListener

class ListeningBroker implements Broker {
  readonly #settings: Settings
  readonly #core: BrokerCore
  readonly #store: Store
  readonly #sysTopics: SysTopics | undefined
  #listeners: readonly Listener[] = []
  #isListening = false
  #closed: Promise<void> | undefined

  constructor(settings: Settings, core: BrokerCore, clock: Clock, store: Store) {
    this.#settings = settings
    this.#core = core
    this.#store = store
    this.#sysTopics = settings.sysIntervalSeconds === 0 ? undefined : startSysTopics(settings, core, clock)
  }

  get statistics(): Statistics {
    return this.#core
  }

  async listen(): Promise<readonly ListenerAddress[]> {
    if (this.#isListening) throw new Error('this broker has been told to listen before')
    this.#isListening = true
    const listeners = this.#settings.listeners.map((listener) => this.#newListener(listener))
    const outcomes = await Promise.allSettled(listeners.map((listener) => listener.listen()))
    const addresses: ListenerAddress[] = []
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') addresses.push(outcome.value)
      else {
        for (const [index, listener] of listeners.entries())
          if (outcomes[index]?.status === 'fulfilled') listener.close()
        throw outcome.reason
      }
    }
    this.#listeners = listeners
    return addresses
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(options.graceMs ?? this.#settings.shutdownGraceMs)
    return this.#closed
  }

  async #close(graceMs: number): Promise<void> {
    for (const listener of this.#listeners) listener.close()
    this.#sysTopics?.stop()
    const { journal, gate } = this.#core
    await within(graceMs, journal.settled())
    this.#core.disconnectAll()
    await gate.emptied(graceMs)
    await within(graceMs, journal.settled())
    this.#core.stop()
    await this.#store.close()
  }

  #newListener(listener: ListenerSettings): Listener {
    const accept = this.#core.accept.bind(this.#core)
    const { host = '127.0.0.1', port } = listener
    if (listener.kind === 'tcp') return new TcpListener(host, port, accept)
    const { allowedOrigins = [] } = listener
    const { maximumPacketBytes, connectTimeoutMs: handshakeTimeoutMs, maximumConnections } = this.#settings.limits
    const onRefused = (details: object): void => this.#core.log.info(details, 'WebSocket refused')
    const maximumFrameBytes = maximumPacketBytes + FRAME_SLACK_BYTES
    return new WebSocketListener(
      { host, port, allowedOrigins, maximumFrameBytes, handshakeTimeoutMs, maximumConnections, onRefused },
      accept,
    )
  }
}

/** Waits for `done`, but not longer than `graceMs` of real time. */
async function within(graceMs: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([done, new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)))])
  clearTimeout(timer)
}

/** A WebSocket frame may carry many packets, so it may be larger than any of them. */
const FRAME_SLACK_BYTES = 1024 * 1024

function startSysTopics(settings: Settings, core: BrokerCore, clock: Clock): SysTopics {
  const { version } = createRequire(import.meta.url)('topiary-mqtt/package.json') as { version: string }
  return new SysTopics({
    clock,
    statistics: core,
    version: `topiary version ${version}`,
    intervalSeconds: settings.sysIntervalSeconds,
    publish: (topicName, text) => {
      const parts = { payload: encodeText(text), qos: 2, retain: true, properties: {} } as const
      core.publish(topicName, newApplicationMessage(parts, '', core.time.nowMs))
    },
  })
}
