import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { BrokerCore } from '../broker/core.ts'
import { hookKinds } from '../broker/hooks/hook-registry.ts'
import type { Authenticator } from '../contracts/authenticator.ts'
import type { Authorizer } from '../contracts/authorizer.ts'
import type { ByteStream, PeerInfo } from '../contracts/byte-stream.ts'
import type { Clock } from '../contracts/clock.ts'
import type { BrokerEvents } from '../contracts/events.ts'
import type {
  ConnectOptions,
  MessageHandler,
  OutboundMessage,
  ProgramClient,
  ProgramSubscription,
  SubscribeOptions,
} from '../contracts/embedding.ts'
import type { Hooks } from '../contracts/hooks.ts'
import type { ListenerAddress } from '../contracts/listener.ts'
import type { Log } from '../contracts/log.ts'
import type { Statistics } from '../contracts/statistics.ts'
import type { Store } from '../contracts/store.ts'
import { programMessage } from '../in-process/encode-message.ts'
import { connectInProcess } from '../in-process/in-process-client.ts'
import { silentLog } from '../observe/silent-log.ts'
import { systemClock } from '../observe/system-clock.ts'
import { decodeText } from '../protocol/text.ts'
import { completeSettings, type PartialSettings } from '../settings/settings.ts'
import { DuplexStream } from '../transport/duplex-stream.ts'
import { WebSocketUpgrades } from '../transport/websocket-upgrades.ts'
import { isAccessChanged, isShutOut } from './access-change.ts'
import { AccessControl } from './access-control.ts'
import { attachTo } from './attach-to.ts'
import type { AttachTerms, Broker, BrokerView, DuplexLike, HttpServerLike, StreamTerms } from './broker.ts'
import { checkNames } from './check-names.ts'
import { inspect } from './inspect.ts'
import { HttpPages } from './http-pages.ts'
import { Listeners } from './listeners.ts'
import { memoryOnly, newStore } from './new-store.ts'
import { prepare, type Prepared, preparedDifference } from './prepared.ts'
import { inProcess, peerOf } from './program-peers.ts'
import { SysUpdates } from './sys-updates.ts'
import { within } from './within.ts'

/** Parts that a caller may bring along; each has a default. */
export interface BrokerParts {
  readonly clock?: Clock
  readonly log?: Log
  /** Where durable state goes; closed with the broker. */
  readonly store?: Store
  /** In the place of the logins in the settings. */
  readonly authenticator?: Authenticator
  /** In the place of the rights in the settings. */
  readonly authorizer?: Authorizer
  /** Puts something between the stream of each client that a listener lets in and the broker. */
  readonly tap?: (stream: ByteStream) => ByteStream
  /** What `$SYS/broker/version` says. Default: `topiary version `, and the version. */
  readonly versionText?: string
  /** As with `broker.use`, in order. */
  readonly hooks?: readonly Hooks[]
}

/**
 * Makes a broker from settings (docs/settings.md). Throws RangeError for a setting that cannot be, SettingsError when
 * a file it names cannot be used.
 */
export function createBroker(settings: PartialSettings = {}, parts: BrokerParts = {}): Broker {
  return new ListeningBroker(settings, parts)
}

/** How long a disk that hangs may hold up a stop. */
const STORE_GRACE_MS = 10_000

class ListeningBroker implements Broker {
  #prepared: Prepared
  readonly #clock: Clock
  readonly #log: Log
  readonly #core: BrokerCore
  readonly #store: Store
  readonly #access: AccessControl
  readonly #hasOwnAuthenticator: boolean
  readonly #listeners: Listeners
  readonly #pages: HttpPages
  readonly #sysUpdates: SysUpdates
  /** How to let go of the HTTP servers it is attached to. */
  readonly #attached = new Set<() => void>()
  /** The program's own subscriptions are one client's. */
  #program: Promise<ProgramClient> | undefined
  #state: 'new' | 'starting' | 'ready' | 'closing' | 'closed' = 'new'
  /** Something may have been kept, or may want to be asked. */
  readonly #hasStore: boolean
  /** What was kept is back; from the beginning where nothing is kept. */
  #isRestored: boolean
  #opening: Promise<void> | undefined
  #reloading: Promise<unknown> = Promise.resolve()
  #closed: Promise<void> | undefined

  constructor(given: PartialSettings, parts: BrokerParts) {
    const settings = completeSettings(given)
    this.#clock = parts.clock ?? systemClock
    this.#log = parts.log ?? silentLog
    this.#prepared = prepare(settings, this.#clock.wallMs())
    const { directory, durability } = this.#prepared.storage
    this.#hasStore = parts.store !== undefined || directory !== undefined
    this.#isRestored = parts.store === undefined ? directory === undefined : !parts.store.keepsMessages
    this.#store = parts.store ?? newStore(directory, this.#log, this.#clock)
    this.#access = new AccessControl(this.#prepared, this.#log)
    this.#hasOwnAuthenticator = parts.authenticator !== undefined
    this.#core = new BrokerCore({
      limits: settings.limits,
      features: settings.features,
      clock: this.#clock,
      log: this.#log,
      store: this.#store,
      durability: this.#hasStore ? durability : memoryOnly,
      authenticator: parts.authenticator ?? this.#access.authenticator,
      authorizer: parts.authorizer ?? this.#access.authorizer,
    })
    this.#core.events.setMaxListeners(0) // Node would print a warning from the eleventh on
    this.#access.followClients(this.#core.events)
    for (const hooks of parts.hooks ?? []) this.use(hooks)
    this.#listeners = new Listeners(this.#core, {
      clock: this.#clock,
      rates: settings.rates,
      tap: parts.tap ?? ((stream) => stream),
    })
    this.#pages = new HttpPages(this.#core, this.#clock, () => this.isReady)
    this.#sysUpdates = new SysUpdates(this.#core, this.#clock, parts.versionText)
    if (this.#isRestored) this.#sysUpdates.start(settings.sysIntervalSeconds)
  }

  open(): Promise<void> {
    return (this.#opening ??= this.#open())
  }

  async #open(): Promise<void> {
    this.#refuseWhenClosing()
    if (!this.#hasStore) return
    await this.#core.open()
    if (this.#isRestored) return
    this.#isRestored = true
    this.#sysUpdates.start(this.#prepared.settings.sysIntervalSeconds)
  }

  get statistics(): Statistics {
    return this.#core
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#listeners.addresses
  }

  get httpUrl(): string | undefined {
    return this.#pages.url
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  async listen(): Promise<readonly ListenerAddress[]> {
    if (this.#state !== 'new') throw new Error('this broker has been told to listen, or to close, before')
    this.#state = 'starting'
    return this.#inTurn(() => this.#listen())
  }

  async #listen(): Promise<readonly ListenerAddress[]> {
    this.#refuseWhenClosing()
    this.#warn(this.#prepared)
    await this.#pages.change(this.#prepared.settings.http)
    const { commit, abandon } = await this.#openListeners().catch(async (error: unknown) => {
      await this.#pages.close()
      throw error
    })
    if (this.#isClosing) await abandon()
    this.#refuseWhenClosing()
    commit()
    this.#state = 'ready'
    return this.#listeners.addresses
  }

  async #openListeners() {
    await this.open()
    this.#refuseWhenClosing()
    return this.#listeners.prepare(this.#prepared)
  }

  #warn({ warnings, closedDoors }: Prepared): void {
    const hasOwnLogins = this.#hasOwnAuthenticator || this.#core.hooks.of('authenticate') !== undefined
    for (const warning of hasOwnLogins ? warnings : [...warnings, ...closedDoors]) this.#log.warn({}, warning)
  }

  /** What opens and changes listeners comes one after the other. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#reloading.then(task)
    this.#reloading = done.catch(() => {})
    return done
  }

  handle(stream: DuplexLike, terms: StreamTerms = {}): void {
    this.#refuseUnrestored()
    this.#accept(new DuplexStream(stream as unknown as Duplex, peerOf(terms)))
  }

  attach(server: HttpServerLike, terms: AttachTerms = {}): () => void {
    this.#refuseUnrestored()
    const { allowedOrigins = [] } = terms
    const detach = attachTo(
      server as unknown as Server,
      terms,
      () => this.#core.terms,
      () => new WebSocketUpgrades(this.#listeners.upgradeTerms(allowedOrigins), (stream) => this.#accept(stream)),
    )
    const detachOnce = (): void => {
      detach()
      this.#attached.delete(detachOnce)
    }
    this.#attached.add(detachOnce)
    return detachOnce
  }

  async publish(message: OutboundMessage): Promise<void> {
    const { journal, time } = this.#core
    if (this.#state === 'closed') throw new Error('this broker is closed')
    this.#refuseUnrestored()
    checkNames('publish', message, ['topic', 'payload', 'qos', 'retain', 'properties'])
    const made = programMessage(message, time.nowMs)
    await undefined // a hook or a handler may call this while another message is under way
    const { topicBytes } = made
    const commit = this.#core.publish(decodeText(topicBytes, 0, topicBytes.length), made)
    if (commit > journal.durable) await journal.durableAt(commit)
  }

  async subscribe(
    topicFilter: string,
    handler: MessageHandler,
    options: SubscribeOptions = {},
  ): Promise<ProgramSubscription> {
    const program = (this.#program ??= this.#connectProgram())
    return (await program).subscribe(topicFilter, handler, options)
  }

  /** When it could not connect, or is gone, the next subscription connects anew. */
  #connectProgram(): Promise<ProgramClient> {
    const program = this.#connect({}, { ...inProcess('program'), isTrusted: true })
    const forget = (): void => {
      this.#program = undefined
    }
    program.then((client) => client.ended).then(forget, forget)
    return program
  }

  connect(options: ConnectOptions = {}): Promise<ProgramClient> {
    return this.#connect(options, inProcess('in-process'))
  }

  async #connect(options: ConnectOptions, peer: PeerInfo): Promise<ProgramClient> {
    this.#refuseWhenClosing()
    this.#refuseUnrestored()
    return connectInProcess((stream) => this.#core.accept(stream), peer, options, this.#log)
  }

  /** Streams of the program's own may come at any time; a broker that closes takes none. */
  #accept(stream: ByteStream): void {
    if (!this.#isClosing) {
      this.#core.accept(stream)
      return
    }
    stream.open({ onData() {}, onClose() {} })
    stream.destroy()
  }

  #refuseWhenClosing(): void {
    if (this.#isClosing) throw new Error('this broker is closing, or closed')
  }

  #refuseUnrestored(): void {
    if (!this.#isRestored)
      throw new Error('this broker has not brought its state back yet; await open() or listen() first')
  }

  get #isClosing(): boolean {
    return this.#state === 'closing' || this.#state === 'closed'
  }

  flush(): Promise<void> {
    return this.#core.journal.settled()
  }

  inspect(): BrokerView {
    return inspect(this.#core)
  }

  use(hooks: Hooks): () => void {
    checkNames('use', hooks, ['name', ...hookKinds])
    const remove = this.#core.hooks.add(hooks)
    if (hooks.authorizeSubscribe === undefined) return remove
    this.#core.subscriptions.askHooksAgain()
    return () => {
      remove()
      this.#core.subscriptions.askHooksAgain()
    }
  }

  rightsChanged(): void {
    this.#core.authorizer.changed()
    this.#core.subscriptions.askHooksAgain()
  }

  reload(given: PartialSettings): Promise<readonly string[]> {
    return this.#inTurn(() => this.#reload(given))
  }

  /** Everything that can fail comes first and changes nothing; then all is changed in one turn. */
  async #reload(given: PartialSettings): Promise<readonly string[]> {
    this.#refuseWhenClosing()
    const before = this.#prepared
    const after = prepare(completeSettings(given), this.#clock.wallMs(), before)
    const isOpen = this.#state === 'ready'
    const listeners = isOpen ? await this.#listeners.prepare(after) : undefined
    try {
      if (isOpen) await this.#pages.change(after.settings.http)
    } catch (error) {
      await listeners?.abandon()
      throw error
    }
    const open = this.addresses
    const { openToAnonymous } = this.#listeners
    listeners?.commit()
    this.#take(after)
    if (isAccessChanged(before, after)) this.#core.accessChanges++
    const { openToAnonymous: areOpen, access } = this.#listeners
    const doors = { wereOpen: openToAnonymous, areOpen, addresses: this.addresses, access }
    this.#core.disconnectThose((client) => isShutOut(client, before, after, doors))
    for (const { url } of this.addresses) if (!open.some((one) => one.url === url)) this.#log.info({ url }, 'listening')
    const changes = preparedDifference(before, after)
    this.#warn(after)
    this.#core.emit('reloaded', changes)
    return changes
  }

  #take(after: Prepared): void {
    const before = this.#prepared
    const { settings } = after
    this.#prepared = after
    this.#core.change(settings.limits, settings.features)
    this.#core.durability = this.#hasStore ? after.storage.durability : memoryOnly
    this.#core.router.changed('#') // routes know the durability of their topic
    this.#access.take(after)
    if (settings.sysIntervalSeconds !== before.settings.sysIntervalSeconds) {
      if (this.#isRestored) this.#sysUpdates.start(settings.sysIntervalSeconds)
    }
  }

  on<Name extends keyof BrokerEvents>(event: Name, listener: (...values: BrokerEvents[Name]) => void): this {
    this.#core.events.on(event, listener as never)
    return this
  }

  once<Name extends keyof BrokerEvents>(event: Name, listener: (...values: BrokerEvents[Name]) => void): this {
    this.#core.events.once(event, listener as never)
    return this
  }

  off<Name extends keyof BrokerEvents>(event: Name, listener: (...values: BrokerEvents[Name]) => void): this {
    this.#core.events.off(event, listener as never)
    return this
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(options.graceMs ?? this.#prepared.settings.shutdownGraceMs)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(graceMs: number): Promise<void> {
    this.#state = 'closing'
    await this.#reloading
    await this.#opening?.catch(() => {}) // told to whoever asked for it
    this.#listeners.close()
    for (const detach of this.#attached) detach()
    this.#sysUpdates.stop()
    const { journal, gate } = this.#core
    await within(graceMs, journal.settled())
    this.#core.publishWillsEarly()
    await within(graceMs, this.#core.wills.settled())
    this.#core.disconnectAll()
    await gate.emptied(graceMs)
    await within(graceMs, this.#core.wills.settled())
    await within(graceMs, journal.settled())
    this.#state = 'closed'
    this.#core.stop()
    await within(Math.max(graceMs, STORE_GRACE_MS), this.#store.close())
    await this.#access.stop()
    await this.#pages.close()
  }
}
