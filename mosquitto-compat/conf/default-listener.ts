import type { ListenerConf } from './mosquitto-conf.ts'
import type { OptionName } from './options.ts'
import type { ScopeValues } from './scope-values.ts'

/**
 * Options that do not make the default listener when they stand before any other: without port and bind_address the
 * broker stays for this machine alone. For listener_allow_anonymous nothing else would be safe.
 */
const quiet: ReadonlySet<OptionName> = new Set<OptionName>([
  'allow_anonymous',
  'allow_zero_length_clientid',
  'auto_id_prefix',
  'dhparamfile',
  'http_dir',
  'listener_allow_anonymous',
  'listener_auto_id_prefix',
  'max_topic_alias',
  'max_topic_alias_broker',
  'tls_keyform',
  'tls_version',
  'topiary_listener_durability',
  'topiary_unix_socket_mode',
])

const usual: Readonly<Partial<Record<OptionName, unknown>>> = {
  protocol: 'mqtt',
  max_qos: 2,
  maximum_qos: 2,
  max_connections: 0,
}

/** Whether what stands before any `listener` makes one, at port 1883 when nothing else is said. */
export function makesDefaultListener(general: ScopeValues, { values }: ListenerConf, perListener: boolean): boolean {
  if (general.has('port') || general.has('bind_address')) return true
  return values.names().some((name) => {
    if (quiet.has(name) || (name === 'plugin' && !perListener)) return false
    const value = values.get(name)
    return value !== false && value !== usual[name]
  })
}
