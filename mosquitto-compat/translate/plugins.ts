import { basename } from 'node:path'
import type { ListenerConf, MosquittoConf, PluginConf } from '../conf/mosquitto-conf.ts'
import type { Given } from '../conf/scope-values.ts'
import { type Findings, tell } from './findings.ts'

/** Files of users and rights that plugins name: of all, or of a listener. */
export interface PluginFiles {
  readonly passwordFile?: Given<string>
  readonly aclFile?: Given<string>
}

/** Plugins that come with Mosquitto and what becomes of them. */
const known = {
  mosquitto_password_file: 'passwordFile',
  mosquitto_acl_file: 'aclFile',
  mosquitto_persist_sqlite: 'persistence',
  mosquitto_sparkplug_aware: 'ignored',
  mosquitto_dynamic_security: 'later',
} as const satisfies Record<string, string>

const optionNames = { passwordFile: 'password_file', aclFile: 'acl_file' } as const

const explained = {
  persistence: 'mosquitto_persist_sqlite is not loaded; state outlives the process as with persistence true',
  ignored: 'mosquitto_sparkplug_aware is not loaded: births are not published again below $sparkplug/certificates',
} as const

/** Users and rights of plugins by listener, undefined for all of them. A plugin we lack is a fault: it may say no. */
export function filesOfPlugins(conf: MosquittoConf, findings: Findings): Map<ListenerConf | undefined, PluginFiles> {
  const files = new Map<ListenerConf | undefined, PluginFiles>()
  for (const plugin of conf.plugins) {
    const kind = kindOf(plugin.path)
    if (kind === undefined || kind === 'later') tell(findings.faults, plugin.place, refusal(plugin.path, kind))
    else if (kind === 'passwordFile' || kind === 'aclFile') addFile(plugin, kind, files, findings)
    else tell(findings.warnings, plugin.place, explained[kind])
  }
  return files
}

function addFile(
  { place, path, options, listeners }: PluginConf,
  kind: 'passwordFile' | 'aclFile',
  files: Map<ListenerConf | undefined, PluginFiles>,
  { faults }: Findings,
): void {
  const option = options.get(optionNames[kind])
  if (option === undefined) {
    return tell(faults, place, `${basename(path)} needs its file: plugin_opt_${optionNames[kind]} FILE`)
  }
  for (const listener of listeners ?? [undefined]) {
    const before = files.get(listener) ?? {}
    if (before[kind] !== undefined)
      tell(faults, place, `there is such a plugin already, at ${before[kind].place}; keep one`)
    files.set(listener, { ...before, [kind]: option })
  }
}

/** By the name of its file: /usr/lib/mosquitto_acl_file.so. */
function kindOf(path: string): (typeof known)[keyof typeof known] | undefined {
  const name = basename(path).replace(/\.(so|dll|dylib)$/, '')
  return Object.hasOwn(known, name) ? known[name as keyof typeof known] : undefined
}

function refusal(path: string, kind: 'later' | undefined): string {
  const why =
    kind === 'later'
      ? 'dynamic security is not there yet'
      : 'plugins of Mosquitto cannot be loaded, and what this one decides nobody would decide'
  return `the plugin ${path} is not supported: ${why}; use password_file and acl_file, or take the line away`
}
