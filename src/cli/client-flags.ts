import { readFileSync } from 'node:fs'
import type { IClientOptions } from 'mqtt'
import { checkUrl, isEncrypted } from './broker-url.ts'
import { OperatorError, UsageError } from './cli-error.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import { checkTopicName } from './topic-checks.ts'

/** The largest Four Byte Integer of MQTT 5.0; as a Session Expiry Interval: the session never expires. */
export const maximumFourByteInteger = 4_294_967_295

export const connectionFlags = {
  url: {
    kind: 'text',
    value: 'URL',
    default: 'mqtt://127.0.0.1:1883',
    insteadOf: ['--host', '--port', '-p'],
    help: 'mqtt://host:port, mqtts://, ws:// or wss://',
  },
  protocol: {
    kind: 'choice',
    value: 'VERSION',
    short: 'V',
    choices: ['3.1', '3.1.1', '5'],
    aliases: { 31: '3.1', mqttv31: '3.1', 311: '3.1.1', mqttv311: '3.1.1', '5.0': '5', mqttv5: '5' },
    default: '5',
    help: 'MQTT version',
  },
  'client-id': { kind: 'text', value: 'ID', short: 'i', help: 'client identifier (default: a random one)' },
  username: { kind: 'text', value: 'NAME', short: 'u', help: 'user name' },
  password: { kind: 'text', value: 'TEXT', short: 'P', help: 'password; better in the environment: TOPIARY_PASSWORD' },
  'keep-alive': {
    kind: 'integer',
    value: 'S',
    short: 'k',
    min: 0,
    max: 65_535,
    default: 60,
    help: 'keep alive, seconds',
  },
  'no-clean': { kind: 'switch', short: 'c', help: 'resume the session of --client-id and leave it behind' },
  'session-expiry': {
    kind: 'integer',
    value: 'S',
    min: 0,
    max: maximumFourByteInteger,
    mqtt5: true,
    help: 'seconds the session outlives the connection; with --no-clean it never expires unless this is given',
  },
} as const satisfies FlagTable

export const tlsFlags = {
  'ca-file': { kind: 'text', value: 'FILE', insteadOf: ['--cafile'], help: 'authorities to believe, PEM (mqtts, wss)' },
  'cert-file': { kind: 'text', value: 'FILE', insteadOf: ['--cert'], help: 'client certificate, PEM' },
  'key-file': { kind: 'text', value: 'FILE', insteadOf: ['--key'], help: 'its private key, PEM' },
  insecure: { kind: 'switch', help: 'do not check the certificate of the broker: for trials only' },
} as const satisfies FlagTable

export const willFlags = {
  'will-topic': { kind: 'text', value: 'TOPIC', help: 'topic of the will message' },
  'will-payload': { kind: 'text', value: 'TEXT', help: 'payload of the will (default: empty)' },
  'will-qos': { kind: 'integer', value: 'QOS', min: 0, max: 2, help: 'QoS of the will (default 0)' },
  'will-retain': { kind: 'switch', help: 'retain the will' },
  'will-delay': {
    kind: 'integer',
    value: 'S',
    min: 0,
    max: maximumFourByteInteger,
    mqtt5: true,
    help: 'seconds before it is published',
  },
} as const satisfies FlagTable

export type ConnectionValues = FlagValues<typeof connectionFlags> &
  FlagValues<typeof tlsFlags> &
  FlagValues<typeof willFlags>

const protocols = {
  '3.1': { protocolVersion: 3, protocolId: 'MQIsdp' },
  '3.1.1': { protocolVersion: 4, protocolId: 'MQTT' },
  '5': { protocolVersion: 5, protocolId: 'MQTT' },
} as const

/** The options of MQTT.js for `values`; `command` goes into the default client identifier. */
export function clientOptions(
  values: ConnectionValues,
  command: string,
  env: Readonly<Record<string, string | undefined>>,
): IClientOptions {
  checkUrl(values.url)
  const is5 = values.protocol === '5'
  const keepsSession = values['no-clean']
  if (keepsSession && values['client-id'] === undefined) {
    throw new UsageError('--no-clean needs --client-id, or the session could not be found again')
  }
  const sessionExpiryInterval = values['session-expiry'] ?? (keepsSession ? maximumFourByteInteger : undefined)
  const password = values.password ?? (values.username === undefined ? undefined : env['TOPIARY_PASSWORD'])
  // MQTT 5.0 would allow it, MQTT.js does not.
  if (values.password !== undefined && values.username === undefined)
    throw new UsageError('--password needs --username')
  const will = willOf(values)
  return {
    ...protocols[values.protocol],
    // At most 23 characters of letters, digits and dashes: every broker of MQTT 3.1 takes it.
    clientId: values['client-id'] ?? `topiary-${command}-${Math.random().toString(16).slice(2, 10).padEnd(8, '0')}`,
    clean: !keepsSession,
    keepalive: values['keep-alive'],
    ...(values.username === undefined ? {} : { username: values.username }),
    ...(password === undefined ? {} : { password }),
    ...tlsOptions(values),
    ...(will === undefined ? {} : { will }),
    ...(is5 && sessionExpiryInterval !== undefined ? { properties: { sessionExpiryInterval } } : {}),
  }
}

function tlsOptions(values: ConnectionValues): IClientOptions {
  const given = (['ca-file', 'cert-file', 'key-file', 'insecure'] as const).find((name) => values[name])
  if (!isEncrypted(values.url)) {
    if (given === undefined) return {}
    throw new UsageError(`--${given} needs a broker behind TLS: --url mqtts://host:port or wss://host:port`)
  }
  const { 'ca-file': ca, 'cert-file': cert, 'key-file': key, insecure } = values
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert-file and --key-file go together')
  return {
    ...(ca !== undefined && { ca: readPem('--ca-file', ca) }),
    ...(cert !== undefined && { cert: readPem('--cert-file', cert) }),
    ...(key !== undefined && { key: readPem('--key-file', key) }),
    rejectUnauthorized: !insecure,
  }
}

function readPem(flag: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new OperatorError(`${flag}: ${(error as Error).message}`)
  }
}

/** Ends with a UsageError when a property of 5.0 is asked for on an older protocol. */
export function refuseMqtt5FlagsBelow5(protocol: string, flag: string | undefined): void {
  if (protocol !== '5' && flag !== undefined) throw new UsageError(`--${flag} needs MQTT 5.0: leave out -V ${protocol}`)
}

function willOf(values: ConnectionValues): IClientOptions['will'] {
  const topic = values['will-topic']
  if (topic === undefined) {
    const orphan = (['will-payload', 'will-qos', 'will-retain', 'will-delay'] as const).find(
      (name) => values[name] !== undefined && values[name] !== false,
    )
    if (orphan !== undefined) throw new UsageError(`--${orphan} needs --will-topic`)
    return undefined
  }
  checkTopicName('--will-topic', topic)
  const willDelayInterval = values['will-delay']
  return {
    topic,
    payload: values['will-payload'] ?? '',
    qos: qosOf(values['will-qos'] ?? 0),
    retain: values['will-retain'],
    ...(willDelayInterval === undefined ? {} : { properties: { willDelayInterval } }),
  }
}

/** Text of --user-property flags as MQTT.js wants them: a key given twice carries a list. */
export function userPropertiesOf(texts: readonly string[]): Record<string, string | string[]> {
  const lists = new Map<string, string[]>()
  for (const text of texts) {
    const split = text.indexOf('=')
    if (split === -1) throw new UsageError(`--user-property takes KEY=VALUE, not "${text}"`)
    const key = text.slice(0, split)
    lists.set(key, [...(lists.get(key) ?? []), text.slice(split + 1)])
  }
  return Object.fromEntries([...lists].map(([key, list]) => [key, list.length === 1 ? (list[0] ?? '') : list]))
}

export function qosOf(value: number): 0 | 1 | 2 {
  return value === 2 ? 2 : value === 1 ? 1 : 0
}
