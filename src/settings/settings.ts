import type { RightsSettings } from '../auth/rights.ts'
import type { DurabilityLevel, DurabilityRule } from '../contracts/durability.ts'
import type { Features, Limits } from '../contracts/limits.ts'
import type { Rate, Rates } from '../contracts/rates.ts'
import { checkDocument } from '../documents/check-document.ts'
import type { DocumentFault } from '../documents/document-fault.ts'
import { settingsSchema } from './schema.ts'
import { settingsKind } from './settings-file.ts'

/** What the broker can be told: the whole of it. Texts, bounds and defaults: settings/schema.ts, docs/settings.md. */

/** TLS of a listener. Files are PEM; relative names are relative to the settings file. */
export interface TlsSettings {
  /** With `keyFile`; both may be left out only with `psk`. */
  readonly certificateFile?: string | undefined
  readonly keyFile?: string | undefined
  readonly keyPassphrase?: string | undefined
  /** Authorities whose client certificates are believed. */
  readonly caFile?: string | undefined
  /** A PEM file each. */
  readonly caDirectory?: string | undefined
  /** Revoked client certificates. */
  readonly revocationFile?: string | undefined
  readonly minimumVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL cipher list, for TLS 1.2 and 1.3. */
  readonly ciphers?: string | undefined
  /** Of TLS 1.3. */
  readonly cipherSuites?: string | undefined
  /** Pre-shared keys in the place of certificates: a file of lines identity:hexkey. */
  readonly psk?: { readonly file: string; readonly hint?: string | undefined } | undefined
  readonly clientCertificate?: 'none' | 'optional' | 'required'
  /** What of a verified client certificate is taken for the user name. */
  readonly certificateUser?: 'none' | 'common-name' | 'subject'
}

interface AnyListenerSettings {
  /** Default: only where nobody but this machine can reach the listener. */
  readonly allowAnonymous?: boolean | undefined
  /** Of publishes that come in here; default: as `storage` says. */
  readonly durability?: DurabilityLevel | undefined
  /** 0 = no limit. */
  readonly maximumConnections?: number
  readonly protocolVersions?: readonly (3 | 4 | 5)[] | undefined
  /** In the place of what `features` and `limits` say for all. */
  readonly maximumQos?: 0 | 1 | 2 | undefined
  readonly topicAliasMaximum?: number | undefined
  readonly outboundTopicAliasMaximum?: number | undefined
  readonly allowEmptyClientId?: boolean | undefined
  readonly assignedClientIdPrefix?: string | undefined
  /** The user name is the client identifier. */
  readonly clientIdFromUser?: boolean
  /** Put before every topic of those who come in here, e.g. `site-7/`. */
  readonly mountPoint?: string | undefined
  /** Users and rights of those who come in here, in the place of those for all. */
  readonly access?: AccessSettings | undefined
}

export interface AccessSettings {
  readonly passwordFile?: string | undefined
  readonly aclFile?: string | undefined
}

interface NetworkListenerSettings extends AnyListenerSettings {
  /** Address to listen on, 127.0.0.1 when left out. */
  readonly host?: string
  /** 0 takes a free port. */
  readonly port: number
  readonly tls?: TlsSettings | undefined
  /** Small packets leave at once: no Nagle. */
  readonly noDelay?: boolean
  /** On `::`: no IPv4 clients. */
  readonly ipv6Only?: boolean
  /** Every connection begins with a PROXY protocol header, of the version named or, with true, of either. */
  readonly proxyProtocol?: boolean | 1 | 2
  /** The PROXY header says who the client's verified certificate belongs to: its common name is the user. */
  readonly proxyCertificateUser?: boolean
  /** The PROXY header must say that the client came by TLS. */
  readonly proxyRequiresTls?: boolean
}

export interface TcpListenerSettings extends NetworkListenerSettings {
  readonly kind: 'tcp'
}

export interface WebSocketListenerSettings extends NetworkListenerSettings {
  readonly kind: 'websocket'
  /** Values of the Origin header that are let in; empty lets any in. A request without Origin is not a browser's. */
  readonly allowedOrigins?: readonly string[]
  /** Its files are served to browsers. */
  readonly httpDirectory?: string | undefined
}

export interface UnixListenerSettings extends AnyListenerSettings {
  readonly kind: 'unix'
  readonly path: string
  /** Octal permissions of the socket file, e.g. `660`. */
  readonly mode?: string
}

export type ListenerSettings = TcpListenerSettings | WebSocketListenerSettings | UnixListenerSettings

export type UserNameBesideCertificate = 'must-match' | 'ignored'

/** What a client with a wrong user name or password is answered. */
export type WrongLoginReason = 'bad-user-name-or-password' | 'not-authorized'

export interface AuthenticationSettings {
  /** Written by `topiary passwd`. */
  readonly passwordFile?: string | undefined
  /** Where anonymous clients are let in and no passwords are configured: the name a client gives is its user. */
  readonly acceptUncheckedUserNames?: boolean
  /** Beside a certificate that is the login: the same name, or any, which is ignored. */
  readonly userNameBesideCertificate?: UserNameBesideCertificate
  readonly wrongLoginReason?: WrongLoginReason
  /** Password hashes computed at once; default 1 on two cores or fewer, else 2. */
  readonly hashConcurrency?: 1 | 2 | undefined
  /** Logins that may wait for theirs before further ones hear "server busy". */
  readonly maximumWaitingLogins?: number
}

export interface HttpSettings {
  readonly host?: string
  readonly port: number
}

export interface StorageSettings {
  /** Of one broker alone. Left out: state is kept in memory. */
  readonly directory?: string | undefined
  /** Nothing outlives the process. */
  readonly memory: boolean
  /** What an acknowledgement means; also that of session data. */
  readonly durability: DurabilityLevel
  /** How long `interval` may wait. */
  readonly intervalMs: number
  /** The first that matches decides. */
  readonly topics: readonly DurabilityRule[]
}

/** Every setting with a value. */
export interface Settings {
  readonly listeners: readonly ListenerSettings[]
  readonly authentication: AuthenticationSettings & {
    readonly maximumWaitingLogins: number
    readonly acceptUncheckedUserNames: boolean
    readonly userNameBesideCertificate: UserNameBesideCertificate
    readonly wrongLoginReason: WrongLoginReason
  }
  /** Absent: everybody may do everything. */
  readonly rights?: RightsSettings | undefined
  /** An ACL file of Mosquitto, in the place of `rights`. */
  readonly aclFile?: string | undefined
  /** Whose rules password files and ACL files follow where versions of Mosquitto differ. */
  readonly mosquittoVersion: '2.0' | '2.1'
  readonly rates: Rates
  readonly storage: StorageSettings
  readonly limits: Limits
  readonly features: Features
  /** Absent: none. */
  readonly http?: HttpSettings | undefined
  /** Seconds between updates of `$SYS`; 0 switches it off. */
  readonly sysIntervalSeconds: number
  /** How long a stop waits for queued bytes to leave before connections are cut. */
  readonly shutdownGraceMs: number
  /** Of the command `topiary start`; a program that embeds the broker has a log of its own. */
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

/** The settings a caller leaves out take their defaults. */
export interface PartialSettings {
  /** For editors: where the JSON Schema of a settings file is. */
  readonly $schema?: string | undefined
  readonly version?: 1 | undefined
  readonly listeners?: readonly ListenerSettings[] | undefined
  readonly authentication?: AuthenticationSettings | undefined
  readonly rights?: RightsSettings | undefined
  readonly aclFile?: string | undefined
  readonly mosquittoVersion?: '2.0' | '2.1' | undefined
  readonly rates?: { readonly [Whom in keyof Rates]?: Partial<Rate> } | undefined
  readonly storage?: Partial<StorageSettings> | undefined
  readonly limits?: Partial<Limits> | undefined
  readonly features?: Partial<Features> | undefined
  readonly http?: HttpSettings | undefined
  readonly sysIntervalSeconds?: number | undefined
  readonly shutdownGraceMs?: number | undefined
  readonly logLevel?: Settings['logLevel'] | undefined
}

/** Fills in defaults, or says everything that is wrong. */
export function checkSettings(given: unknown): { readonly settings: Settings } | { readonly faults: DocumentFault[] } {
  const outcome = checkDocument(settingsSchema, given, settingsKind)
  if ('faults' in outcome) return outcome
  const { $schema: _schema, version: _version, ...settings } = outcome.value
  return { settings: deepFreeze(settings) }
}

/** Fills in defaults. Throws RangeError naming the setting, what it may be and what it was. */
export function completeSettings(given: PartialSettings = {}): Settings {
  const outcome = checkSettings(given)
  if ('settings' in outcome) return outcome.settings
  throw new RangeError(outcome.faults.map((fault) => fault.message).join('; '))
}

export const defaultSettings: Settings = completeSettings()

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}
