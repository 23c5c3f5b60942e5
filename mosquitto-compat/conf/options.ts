import type { Form, Option } from './option.ts'
import { bridgeOptions } from './options/bridge.ts'
import { generalOptions } from './options/general.ts'
import { listenerOptions } from './options/listener.ts'
import { logOptions } from './options/log.ts'
import { persistenceOptions } from './options/persistence.ts'
import { pluginOptions } from './options/plugin.ts'
import { tlsOptions } from './options/tls.ts'
import { topiaryOptions } from './options/topiary.ts'

/** Every option by its section in the README. */
export const optionSections = {
  'All of the broker': generalOptions,
  'What outlives the process': persistenceOptions,
  'The log': logOptions,
  Listeners: listenerOptions,
  'TLS of listeners': tlsOptions,
  Plugins: pluginOptions,
  Bridges: bridgeOptions,
  'Of Topiary alone': topiaryOptions,
} as const

export const options = {
  ...generalOptions,
  ...persistenceOptions,
  ...logOptions,
  ...listenerOptions,
  ...tlsOptions,
  ...pluginOptions,
  ...bridgeOptions,
  ...topiaryOptions,
} as const

export type OptionName = keyof typeof options

/** What is read of an option: a duration in seconds. */
export type OptionValue<Name extends OptionName> = FormValue<(typeof options)[Name]['form']>

type FormValue<F extends Form> = F extends { readonly kind: 'boolean' }
  ? boolean
  : F extends { readonly kind: 'integer' | 'duration' }
    ? number
    : F extends { readonly choices: readonly (infer Choice)[] }
      ? Choice
      : string

/** `plugin_opt_password_file`, `auth_opt_password_file` */
export const pluginOption = /^(?:plugin|auth)_opt_(.+)$/

export function optionNamed(name: string): (Option & { readonly name: OptionName }) | undefined {
  return Object.hasOwn(options, name) ? { ...options[name as OptionName], name: name as OptionName } : undefined
}
