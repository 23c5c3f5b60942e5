import type { Option } from './option.ts'
import type { OptionName } from './options.ts'
import type { Given, ScopeValues } from './scope-values.ts'

/** A mosquitto.conf as it was read: every value by whom it speaks of. */
export interface MosquittoConf {
  readonly general: ScopeValues
  /** In the order of the file, the default listener last. */
  readonly listeners: readonly ListenerConf[]
  /** What was said before any listener; it is one of `listeners` only where that makes it one. */
  readonly defaultListener: ListenerConf
  /** Nothing names a listener: only this machine gets in. */
  readonly isLocalOnly: boolean
  readonly perListenerSettings: boolean
  readonly plugins: readonly PluginConf[]
  readonly bridges: readonly BridgeConf[]
  /** Every line with a known option, in the order in which they hold. */
  readonly lines: readonly KnownLine[]
  /** `FILE:LINE: ...`: what an operator may want to know. */
  readonly notices: readonly string[]
}

export interface KnownLine {
  readonly place: string
  readonly name: OptionName
  readonly option: Option
  readonly value: string
}

export interface ListenerConf {
  /** Undefined for the default listener. */
  readonly place: string | undefined
  /** 0 for a Unix socket. */
  readonly port: number
  /** A host, or the path of a Unix socket. */
  readonly address: string | undefined
  readonly values: ScopeValues
}

export interface PluginConf {
  readonly place: string
  readonly keyword: 'plugin' | 'global_plugin' | 'auth_plugin' | 'plugin_load'
  readonly path: string
  /** Whom it decides for; undefined: for all. With plugin_load, those that use it. */
  readonly listeners: ListenerConf[] | undefined
  readonly options: Map<string, Given<string>>
}

export interface BridgeConf {
  readonly name: string
  readonly place: string
  readonly values: ScopeValues
}
