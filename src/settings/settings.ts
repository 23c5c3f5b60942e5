import type { Features, Limits } from '../contracts/limits.ts'

/** What the broker can be told: the whole of it, with its defaults. `docs/limits.md` is tested against this file. */

export interface TcpListenerSettings {
  readonly kind: 'tcp'
  /** Address to listen on, 127.0.0.1 when left out. */
  readonly host?: string
  /** 0 takes a free port. */
  readonly port: number
}

export interface WebSocketListenerSettings {
  readonly kind: 'websocket'
  readonly host?: string
  readonly port: number
  /** Values of the Origin header that are let in; empty lets any in. A request without Origin is not a browser's. */
  readonly allowedOrigins?: readonly string[]
}

export type ListenerSettings = TcpListenerSettings | WebSocketListenerSettings

export interface Settings {
  readonly listeners: readonly ListenerSettings[]
  readonly limits: Limits
  readonly features: Features
  /** Seconds between updates of `$SYS`; 0 switches it off. */
  readonly sysIntervalSeconds: number
  /** How long a stop waits for queued bytes to leave before connections are cut. */
  readonly shutdownGraceMs: number
}

export const defaultLimits: Limits = {
  maximumConnections: 0,
  maximumConnectionsPerAddress: 0,
  connectTimeoutMs: 10_000,
  maximumConnectPacketBytes: 512 * 1024,
  maximumPacketBytes: 16 * 1024 * 1024,
  receiveMaximum: 1024,
  topicAliasMaximum: 64,
  outboundTopicAliasMaximum: 64,
  maximumKeepAliveSeconds: 0,
  maximumSessionExpirySeconds: 4_294_967_295,
  mqtt3SessionExpirySeconds: 30 * 24 * 3600,
  maximumSessions: 1_000_000,
  maximumSubscriptionsPerSession: 10_000,
  maximumTopicLevels: 128,
  maximumInflightMessages: 65_535,
  maximumQueuedMessages: 100_000,
  maximumQueuedBytes: 32 * 1024 * 1024,
  queueFullPolicy: 'drop-oldest',
  queueQos0: false,
  maximumOutboxBytes: 16 * 1024 * 1024,
  maximumOutboxBytesTotal: 256 * 1024 * 1024,
  maximumUncommittedBytes: 4 * 1024 * 1024,
  maximumUncommittedBytesTotal: 64 * 1024 * 1024,
  maximumRetainedMessages: 1_000_000,
  maximumRetainedBytes: 1024 * 1024 * 1024,
}

export const defaultFeatures: Features = {
  maximumQos: 2,
  retainAvailable: true,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifiersAvailable: true,
  sharedSubscriptionAvailable: true,
  sharedSubscriptionStrategy: 'round-robin',
  strictMqtt31ClientIds: false,
}

export const defaultSettings: Settings = {
  listeners: [
    { kind: 'tcp', host: '127.0.0.1', port: 1883 },
    { kind: 'websocket', host: '127.0.0.1', port: 9001, allowedOrigins: [] },
  ],
  limits: defaultLimits,
  features: defaultFeatures,
  sysIntervalSeconds: 10,
  shutdownGraceMs: 5_000,
}

/** The settings a caller leaves out take their defaults. */
export interface PartialSettings {
  readonly listeners?: readonly ListenerSettings[]
  readonly limits?: Partial<Limits>
  readonly features?: Partial<Features>
  readonly sysIntervalSeconds?: number
  readonly shutdownGraceMs?: number
}

/** Numbers the protocol itself bounds; all other limits are whole numbers from 0 on. */
const bounds: Partial<Record<keyof Limits, readonly [least: number, most: number]>> = {
  maximumConnectPacketBytes: [64, 268_435_460],
  maximumPacketBytes: [64, 268_435_460],
  receiveMaximum: [1, 65_535],
  topicAliasMaximum: [0, 65_535],
  outboundTopicAliasMaximum: [0, 65_535],
  maximumKeepAliveSeconds: [0, 65_535],
  maximumSessionExpirySeconds: [0, 4_294_967_295],
  mqtt3SessionExpirySeconds: [0, 4_294_967_295],
  maximumTopicLevels: [1, 65_536],
  maximumInflightMessages: [1, 65_535],
  connectTimeoutMs: [1, 2_147_483_647],
}

const words: Readonly<Record<string, readonly unknown[]>> = {
  'limits.queueFullPolicy': ['drop-oldest', 'drop-newest', 'disconnect'],
  'features.maximumQos': [0, 1, 2],
  'features.sharedSubscriptionStrategy': ['round-robin', 'random', 'sticky', 'hash-topic'],
}

/** Fills in defaults. Throws RangeError naming the setting, what it may be and what it was. */
export function completeSettings(given: PartialSettings = {}): Settings {
  const settings = withDefaults('', defaultSettings, given)
  const limits = withDefaults('limits.', defaultLimits, given.limits)
  const features = withDefaults('features.', defaultFeatures, given.features)
  for (const [index, listener] of settings.listeners.entries()) checkListener(`listeners[${index}]`, listener)
  checkWhole('sysIntervalSeconds', settings.sysIntervalSeconds, 0, 86_400)
  checkWhole('shutdownGraceMs', settings.shutdownGraceMs, 0, 2_147_483_647)
  for (const [name, value] of Object.entries(limits)) {
    if (typeof defaultLimits[name as keyof Limits] !== 'number') continue
    const [least, most] = bounds[name as keyof Limits] ?? [0, Number.MAX_SAFE_INTEGER]
    checkWhole(`limits.${name}`, value, least, most)
  }
  return { ...settings, limits, features }
}

function checkListener(name: string, listener: ListenerSettings): void {
  if (listener.kind !== 'tcp' && listener.kind !== 'websocket') {
    throw new RangeError(`${name}.kind must be tcp or websocket, not ${String((listener as { kind: unknown }).kind)}`)
  }
  checkWhole(`${name}.port`, listener.port, 0, 65_535)
}

function checkWhole(name: string, value: unknown, least: number, most: number): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${String(value)}`)
}

/** A setting given as undefined is one that was left out; one that does not exist is an error. */
function withDefaults<T extends object>(path: string, defaults: T, given: object = {}): T {
  const settings = { ...defaults } as Record<string, unknown>
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const usual = (defaults as Record<string, unknown>)[name]
    if (usual === undefined) throw new RangeError(`there is no setting ${path}${name}`)
    const allowed = words[path + name] ?? (typeof usual === 'boolean' ? [true, false] : undefined)
    if (allowed !== undefined && !allowed.includes(value)) {
      throw new RangeError(`${path}${name} must be one of ${allowed.join(', ')}, not ${String(value)}`)
    }
    settings[name] = value
  }
  return settings as T
}
