import { resolve } from 'node:path'
import { isIP } from 'node:net'
import type { ListenerConf, MosquittoConf } from '../conf/mosquitto-conf.ts'
import type { OptionName } from '../conf/options.ts'
import type { Given } from '../conf/scope-values.ts'
import { type Findings, tell } from './findings.ts'
import { type Endpoint, endpointsOf, localEndpoints, type Machine } from './endpoints.ts'
import { ListenerParts } from './listener-parts.ts'
import type { PluginFiles } from './plugins.ts'
import type { SettingsBuilder } from './settings-builder.ts'
import { setTls } from './tls.ts'

export interface ListenerContext {
  readonly conf: MosquittoConf
  readonly machine: Machine
  /** Of the command line. */
  readonly ports: readonly number[]
  readonly pluginFiles: ReadonlyMap<ListenerConf | undefined, PluginFiles>
  readonly findings: Findings
}

/** Sets listeners with all that belongs to one, and users and rights. */
export function setListeners(context: ListenerContext, builder: SettingsBuilder): void {
  const { conf, ports, machine } = context
  setAccessOfAll(context, builder)
  // also where none can be opened: the usual ones of Topiary are not meant
  builder.set(['listeners'], [])
  if (conf.isLocalOnly) {
    addListener(conf.defaultListener, localEndpoints(ports.length > 0 ? ports : [1883], machine), context, builder)
    return
  }
  if (ports.length > 0) context.findings.notices.push('-p has no effect, since the file names listeners')
  for (const listener of conf.listeners) {
    addListener(listener, endpointsOf(listener, machine, context.findings), context, builder)
  }
}

function addListener(
  listener: ListenerConf,
  endpoints: readonly Endpoint[],
  context: ListenerContext,
  builder: SettingsBuilder,
): void {
  const { place, values } = listener
  const protocol = values.get('protocol') ?? 'mqtt'
  const isUnix = endpoints.some((endpoint) => 'path' in endpoint)
  if (isUnix && protocol !== 'mqtt') {
    return tell(context.findings.faults, values.place('protocol'), 'a Unix socket takes protocol mqtt only')
  }
  const kind = isUnix ? 'unix' : protocol === 'mqtt' ? 'tcp' : 'websocket'
  const proxy = values.given('enable_proxy_protocol')
  if (protocol === 'http_api' && proxy !== undefined) {
    tell(context.findings.faults, proxy.place, 'enable_proxy_protocol does not go with protocol http_api')
  }
  for (const endpoint of endpoints) {
    const parts = new ListenerParts()
    parts.set('kind', kind, values.place('protocol'))
    for (const [name, value] of Object.entries(endpoint)) parts.set(name, value, place)
    setRules(listener, parts, context)
    setAccess(listener, parts, context)
    if (kind === 'unix')
      parts.set('mode', values.get('topiary_unix_socket_mode') ?? '770', values.place('topiary_unix_socket_mode'))
    else setNetwork(listener, kind, parts, context)
    if (protocol === 'http_api') builder.addHttpApi(parts.settings, parts.places, place)
    else builder.addListener(parts.settings, parts.places, place)
  }
}

/** Settings that an option gives as it is. */
const plain: readonly (readonly [option: OptionName, setting: string])[] = [
  ['max_connections', 'maximumConnections'],
  ['max_qos', 'maximumQos'],
  ['maximum_qos', 'maximumQos'],
  ['max_topic_alias', 'topicAliasMaximum'],
  ['max_topic_alias_broker', 'outboundTopicAliasMaximum'],
  ['use_username_as_clientid', 'clientIdFromUser'],
  ['topiary_listener_durability', 'durability'],
]

function setRules(listener: ListenerConf, parts: ListenerParts, { conf, findings }: ListenerContext): void {
  const { values } = listener
  for (const [option, setting] of plain) parts.set(setting, values.get(option), values.place(option))
  const anonymous = values.given('listener_allow_anonymous') ?? securityOf(listener, 'allow_anonymous', conf)
  parts.set('allowAnonymous', anonymous?.value ?? conf.isLocalOnly, anonymous?.place)
  if (conf.perListenerSettings) {
    const emptyIds = values.given('allow_zero_length_clientid')
    parts.set('allowEmptyClientId', emptyIds?.value, emptyIds?.place)
  }
  const own = conf.perListenerSettings ? values.given('auto_id_prefix') : undefined
  const prefix = values.given('listener_auto_id_prefix') ?? own
  parts.set('assignedClientIdPrefix', prefix?.value, prefix?.place)
  const mount = values.given('mount_point')
  if (mount !== undefined && /[+#]/.test(mount.value)) {
    tell(findings.faults, mount.place, 'mount_point takes a prefix of topics without wildcards')
  } else parts.set('mountPoint', mount?.value, mount?.place)
  const versions = values.given('accept_protocol_versions')
  if (versions !== undefined) parts.set('protocolVersions', readVersions(versions, findings), versions.place)
}

function readVersions({ value, place }: Given<string>, { faults }: Findings): number[] | undefined {
  const words = value.split(/[, ]+/).filter((word) => word !== '')
  if (words.length > 0 && words.every((word) => /^[345]$/.test(word))) return [...new Set(words.map(Number))]
  tell(faults, place, `accept_protocol_versions takes 3, 4 and 5 with commas between them, not "${value}"`)
  return undefined
}

function setNetwork(
  listener: ListenerConf,
  kind: 'tcp' | 'websocket',
  parts: ListenerParts,
  { conf, findings }: ListenerContext,
): void {
  const { values } = listener
  const noDelay = conf.general.given('set_tcp_nodelay')
  parts.set('noDelay', noDelay?.value, noDelay?.place)
  const proxy = values.given('enable_proxy_protocol')
  parts.set('proxyProtocol', proxy?.value, proxy?.place)
  const requiresTls = values.given('proxy_protocol_v2_require_tls')
  if (requiresTls?.value && proxy?.value !== 2) {
    tell(findings.faults, requiresTls.place, 'proxy_protocol_v2_require_tls needs enable_proxy_protocol 2')
  }
  parts.set('proxyRequiresTls', requiresTls?.value, requiresTls?.place)
  const identity = values.given('use_identity_as_username')
  if (proxy?.value === 2) parts.set('proxyCertificateUser', identity?.value, identity?.place)
  setTls(listener, securityOf(listener, 'psk_file', conf), parts, findings)
  const origins = values.all('websockets_origin')
  const directory = values.given('http_dir')
  if (kind === 'websocket') {
    if (origins.length > 0)
      parts.set(
        'allowedOrigins',
        origins.map(({ value }) => value),
        origins[0]?.place,
      )
    if (directory !== undefined) parts.set('httpDirectory', resolve(directory.value), directory.place)
    return
  }
  for (const [name, given] of [
    ['http_dir', directory],
    ['websockets_origin', origins[0]],
  ] as const) {
    if (given !== undefined)
      tell(findings.notices, given.place, `${name} has no effect without protocol websockets or http_api`)
  }
}

/** Of users and rights: what holds for a listener. */
function securityOf<Name extends 'allow_anonymous' | 'psk_file' | 'password_file' | 'acl_file'>(
  { values }: ListenerConf,
  name: Name,
  { general, perListenerSettings }: MosquittoConf,
) {
  return (perListenerSettings ? values : general).given(name)
}

const accessFiles = [
  ['passwordFile', 'password_file'],
  ['aclFile', 'acl_file'],
] as const

function setAccess(
  listener: ListenerConf,
  parts: ListenerParts,
  { conf, pluginFiles, findings }: ListenerContext,
): void {
  const ofPlugins = pluginFiles.get(listener) ?? {}
  const ofAll = pluginFiles.get(undefined) ?? {}
  const own = accessFiles.filter(([setting, option]) => {
    const given = conf.perListenerSettings ? listener.values.given(option) : undefined
    const file = oneOf(given, ofPlugins[setting], findings)
    if (file !== undefined) parts.set(`access.${setting}`, resolve(file.value), file.place)
    return file !== undefined
  })
  if (own.length === 0) return
  // what a listener has of its own stands in the place of what is there for all; there both would be asked
  for (const [setting, option] of accessFiles) {
    const general = conf.perListenerSettings ? undefined : conf.general.given(option)
    const file = ofAll[setting] ?? general
    if (file === undefined) continue
    const isOwn = own.some(([name]) => name === setting)
    if (isOwn)
      tell(
        findings.faults,
        file.place,
        `a listener has a ${option} of its own beside this one for all; keep one of them`,
      )
    else parts.set(`access.${setting}`, resolve(file.value), file.place)
  }
}

function setAccessOfAll({ conf, pluginFiles, findings }: ListenerContext, builder: SettingsBuilder): void {
  const ofPlugins = pluginFiles.get(undefined) ?? {}
  for (const [setting, option] of accessFiles) {
    const given = conf.perListenerSettings ? undefined : conf.general.given(option)
    const file = oneOf(given, ofPlugins[setting], findings)
    const path = setting === 'passwordFile' ? ['authentication', setting] : [setting]
    if (file !== undefined) builder.set(path, resolve(file.value), file.place)
  }
}

function oneOf(given: Given<string> | undefined, ofPlugin: Given<string> | undefined, { faults }: Findings) {
  if (given !== undefined && ofPlugin !== undefined) {
    tell(faults, ofPlugin.place, `there is such a file already, at ${given.place}; keep one of them`)
  }
  return given ?? ofPlugin
}

/** `topiary_http_listener PORT [ADDRESS]` */
export function setHttp({ general }: MosquittoConf, findings: Findings, builder: SettingsBuilder): void {
  const given = general.given('topiary_http_listener')
  if (given === undefined) return
  const [port = '', host, ...others] = given.value.split(/ +/)
  if (
    !/^\d{1,5}$/.test(port) ||
    Number(port) > 65_535 ||
    others.length > 0 ||
    (host !== undefined && isIP(host) === 0)
  ) {
    return tell(
      findings.faults,
      given.place,
      `topiary_http_listener takes a port and an IP address, not "${given.value}"`,
    )
  }
  builder.set(['http', 'port'], Number(port), given.place)
  builder.set(['http', 'host'], host, given.place)
}
