import { parseAclFile } from '../auth/acl-file.ts'
import { Acl } from '../auth/acl.ts'
import { Rights, type RightsSettings } from '../auth/rights.ts'
import { readSecretFile } from '../auth/secret-file.ts'
import type { Access } from '../contracts/authorizer.ts'
import { type LoadedSettings, loadSettings } from '../settings/load-settings.ts'
import type { ListenerSettings, Settings } from '../settings/settings.ts'
import { SettingsError } from '../settings/settings-file.ts'
import { topicFilterFault, topicNameFault } from '../topics/topic-syntax.ts'
import { exitCode, UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import { isMosquittoConf, settingsOfMosquittoConf } from './mosquitto-conf.ts'
import { configFlag } from './settings-flags.ts'
import type { Terminal } from './terminal.ts'
import { withPlaces } from './with-places.ts'

const aclFlags = {
  config: configFlag,
  user: { kind: 'text', value: 'NAME', short: 'u', help: 'who; left out, an anonymous client' },
  'client-id': { kind: 'text', value: 'ID', short: 'i', help: 'client identifier (default: one that no rule knows)' },
  publish: { kind: 'text', value: 'TOPIC', help: 'may it publish to this topic?' },
  subscribe: { kind: 'text', value: 'FILTER', help: 'may it subscribe to this topic filter?' },
  receive: { kind: 'text', value: 'TOPIC', help: 'is it sent messages of this topic?' },
  filter: { kind: 'text', value: 'FILTER', help: 'with --receive: by a subscription to this (default: the topic)' },
  qos: { kind: 'integer', value: 'N', short: 'q', min: 0, max: 2, default: 0, help: 'of the publish or subscription' },
  listener: {
    kind: 'text',
    value: 'PLACE',
    help: 'who comes in there: HOST:PORT, PORT or PATH (default: by no listener)',
  },
  retain: { kind: 'switch', short: 'r', help: 'with --publish: as a retained message' },
} as const satisfies FlagTable

type AclValues = FlagValues<typeof aclFlags>

export const aclTestCommand = defineCommand(
  {
    name: 'acl test',
    summary: 'Say whether a client may do something, and which line decides',
    usage: 'acl test --config FILE [--user NAME] --publish TOPIC (or --subscribe, --receive) [flags]',
    sections: [{ title: 'Flags', flags: aclFlags }],
    examples: [
      'topiary acl test --config topiary.yaml --user ada --publish plant/1/valve --qos 1',
      "topiary acl test --config topiary.yaml --client-id sensor-7 --subscribe 'plant/#'",
      'topiary acl test --config /etc/mosquitto/mosquitto.conf --user ada --receive plant/1/valve',
    ],
    notes: [
      'Judged by rights, or by the ACL file where the settings name one.',
      'Exit codes: 0 yes, 1 no, 2 wrong flags, 78 wrong settings.',
    ],
  },
  aclFlags,
  aclTest,
)

/** What was found, and the line, or a sentence, that says why. */
interface Finding {
  readonly allowed: boolean
  readonly because: string
  /** A subscription is granted with at most that. */
  readonly maximumQos?: 0 | 1 | 2
}

async function aclTest(values: AclValues, terminal: Terminal): Promise<number> {
  const access = accessOf(values)
  const { env, stdout } = terminal
  const path = values.config ?? env['TOPIARY_CONFIG']
  if (path === undefined) throw new UsageError('acl test needs a settings file: --config FILE')
  const loaded = isMosquittoConf(path)
    ? await settingsOfMosquittoConf(path, terminal)
    : loadSettings({ file: path, environment: env })
  const { allowed, because, maximumQos = 2 } = withPlaces(loaded, () => find(loaded, path, values, access))
  const lowered = allowed && access.action === 'subscribe' && access.qos > maximumQos ? ` at QoS ${maximumQos}` : ''
  stdout.write(`${allowed ? 'yes' : 'no'}${lowered}: ${because}\n`)
  return allowed ? exitCode.ok : exitCode.failed
}

function find(loaded: LoadedSettings, path: string, values: AclValues, access: Access): Finding {
  const { settings } = loaded
  const own = values.listener === undefined ? undefined : listenerAt(settings, values.listener)
  const hasOwn = own !== undefined && settings.listeners[own]?.access !== undefined
  const aclFile = hasOwn ? settings.listeners[own]?.access?.aclFile : settings.aclFile
  const rights = hasOwn ? undefined : settings.rights
  const client = { clientId: values['client-id'] ?? 'some-client', user: values.user }
  if (aclFile !== undefined) {
    const where = hasOwn ? `listeners[${own}].access.aclFile` : 'aclFile'
    if (rights !== undefined)
      throw new SettingsError([`${where}: an ACL file is in the place of rights; leave one of them out`])
    return decideByFile(where, aclFile, settings.mosquittoVersion, client, access)
  }
  if (rights === undefined) {
    if (own === undefined) refuseUnsaid(settings)
    const what = hasOwn ? `listeners[${own}] has an access of its own without an ACL file` : `${path} has no rights`
    return { allowed: true, because: `${what}, so everybody may do everything` }
  }
  const { allowed, maximumQos, rule } = rightsOf(rights).decide(client, access)
  return { allowed, maximumQos, because: decidingLine(loaded, rule) }
}

function decideByFile(
  where: string,
  file: string,
  version: Settings['mosquittoVersion'],
  client: { readonly clientId: string; readonly user: string | undefined },
  access: Access,
): Finding {
  const acl = attempt(where, () => new Acl(parseAclFile(readSecretFile(file).text, file, version), version))
  if (access.action === 'subscribe') {
    return { allowed: true, because: `${file}: everybody may subscribe; what comes by it is judged with --receive` }
  }
  const { allowed, because } = acl.decide(client, access.action === 'publish' ? 'write' : 'read', access.topicName)
  if (typeof because === 'string') return { allowed, because: `${file}: ${because}` }
  return { allowed, because: `${file}:${because.lineNumber}: ${because.text}` }
}

/** Where listeners have ACL files of their own, "everybody may do everything" would be true of none of them. */
function refuseUnsaid({ listeners }: Settings): void {
  const bound = listeners.filter(({ access }) => access?.aclFile !== undefined)
  if (bound.length === 0) return
  const places = bound.map((listener) => placesOf(listener)[0]).join(', ')
  throw new UsageError(
    `listeners have ACL files of their own: say where the client comes in, with --listener (${places})`,
  )
}

/** Index of the listener at a place as people write it. */
function listenerAt({ listeners }: Settings, place: string): number {
  const found = listeners.findIndex((listener) => placesOf(listener).includes(place))
  if (found >= 0) return found
  const known = listeners.map((listener) => placesOf(listener)[0]).join(', ')
  throw new UsageError(`--listener: there is none at ${place}; there is ${known}`)
}

function placesOf(listener: ListenerSettings): readonly string[] {
  if (listener.kind === 'unix') return [listener.path]
  const { host = '127.0.0.1', port } = listener
  return [`${host}:${port}`, `[${host}]:${port}`, `${port}`]
}

function rightsOf(settings: RightsSettings): Rights {
  return attempt('rights', () => new Rights(settings))
}

/** What is wrong is a fault of the setting. */
function attempt<T>(where: string, prepare: () => T): T {
  try {
    return prepare()
  } catch (error) {
    throw new SettingsError([`${where}: ${(error as Error).message}`])
  }
}

function accessOf(values: AclValues): Access {
  const { publish, subscribe, receive, filter, qos, retain } = values
  if ([publish, subscribe, receive].filter((one) => one !== undefined).length !== 1) {
    throw new UsageError('acl test needs one of --publish TOPIC, --subscribe FILTER and --receive TOPIC')
  }
  if (filter !== undefined && receive === undefined) throw new UsageError('--filter goes with --receive')
  if (retain && publish === undefined) throw new UsageError('--retain goes with --publish')
  if (publish !== undefined) return { action: 'publish', topicName: checked('--publish', publish, false), qos, retain }
  if (subscribe !== undefined) return { action: 'subscribe', topicFilter: checked('--subscribe', subscribe, true), qos }
  const topicName = checked('--receive', receive as string, false)
  return { action: 'receive', topicName, topicFilter: checked('--filter', filter ?? topicName, true) }
}

function checked(flag: string, topic: string, isFilter: boolean): string {
  const fault = isFilter ? topicFilterFault(topic) : topicNameFault(topic, Infinity)
  if (fault !== undefined) throw new UsageError(`${flag}: ${fault}`)
  return topic
}

function decidingLine({ file, settings, sourceOf }: LoadedSettings, rule: number): string {
  if (rule < 0) return `no rule covers it, and the default is ${settings.rights?.default ?? 'deny'}`
  const path = ['rights', 'rules', rule]
  const source = sourceOf(path)
  if (file === undefined || !source?.startsWith(`${file.name}:`)) return `${source}: rules[${rule}]`
  const { line } = file.positionOf(path)
  return `${file.name}:${line}: ${file.lineAt(line)}`
}
