import { Rights, type RightsSettings } from '../auth/rights.ts'
import type { Access } from '../contracts/authorizer.ts'
import { type LoadedSettings, loadSettings } from '../settings/load-settings.ts'
import { SettingsError } from '../settings/settings-file.ts'
import { topicFilterFault, topicNameFault } from '../topics/topic-syntax.ts'
import { exitCode, UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import type { FlagTable, FlagValues } from './flags.ts'
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
    ],
    notes: ['Exit codes: 0 yes, 1 no, 2 wrong flags, 78 wrong settings.'],
  },
  aclFlags,
  aclTest,
)

function aclTest(values: AclValues, { env, stdout }: Terminal): Promise<number> {
  const access = accessOf(values)
  const path = values.config ?? env['TOPIARY_CONFIG']
  if (path === undefined) throw new UsageError('acl test needs a settings file: --config FILE')
  const loaded = loadSettings({ file: path, environment: env })
  const { rights } = loaded.settings
  if (rights === undefined) {
    stdout.write(`yes: ${path} has no rights, so everybody may do everything\n`)
    return Promise.resolve(exitCode.ok)
  }
  const { allowed, maximumQos, rule } = withPlaces(loaded, () => rightsOf(rights)).decide(
    { clientId: values['client-id'] ?? 'some-client', user: values.user },
    access,
  )
  const lowered = allowed && access.action === 'subscribe' && access.qos > maximumQos ? ` at QoS ${maximumQos}` : ''
  stdout.write(`${allowed ? 'yes' : 'no'}${lowered}: ${decidingLine(loaded, rule)}\n`)
  return Promise.resolve(allowed ? exitCode.ok : exitCode.failed)
}

function rightsOf(settings: RightsSettings): Rights {
  try {
    return new Rights(settings)
  } catch (error) {
    throw new SettingsError([`rights: ${(error as Error).message}`])
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
