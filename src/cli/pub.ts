import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import type { IClientPublishOptions, MqttClient } from 'mqtt'
import { byteLines } from './byte-lines.ts'
import { exitCode, OperatorError, UsageError } from './cli-error.ts'
import { connectClient } from './client-connection.ts'
import { codeText } from './client-failure.ts'
import {
  clientOptions,
  connectionFlags,
  maximumFourByteInteger,
  qosOf,
  refuseMqtt5FlagsBelow5,
  userPropertiesOf,
  tlsFlags,
  willFlags,
} from './client-flags.ts'
import { defineCommand } from './command.ts'
import { firstMqtt5Flag, type FlagTable, type FlagValues } from './flags.ts'
import type { Terminal } from './terminal.ts'
import { checkTopicName, shownTopic } from './topic-checks.ts'

/** Messages on their way at once with --lines. */
const windowSize = 100

const messageFlags = {
  topic: { kind: 'text', value: 'TOPIC', short: 't', help: 'topic name to publish to (required)' },
  message: { kind: 'text', value: 'TEXT', short: 'm', help: 'payload' },
  file: { kind: 'text', value: 'PATH', short: 'f', help: 'payload from a file' },
  stdin: { kind: 'switch', short: 's', help: 'payload from stdin, all of it as one message' },
  lines: { kind: 'switch', short: 'l', help: 'one message for each line of stdin' },
  null: { kind: 'switch', short: 'n', help: 'empty payload; with --retain it clears the retained message' },
  qos: { kind: 'integer', value: 'QOS', short: 'q', min: 0, max: 2, default: 0, help: 'QoS' },
  retain: { kind: 'switch', short: 'r', help: 'ask the broker to retain it' },
  'user-property': { kind: 'text', value: 'KEY=VALUE', many: true, mqtt5: true, help: 'user property' },
  'content-type': { kind: 'text', value: 'TYPE', mqtt5: true, help: 'content type' },
  'response-topic': { kind: 'text', value: 'TOPIC', mqtt5: true, help: 'where an answer is awaited' },
  'correlation-data': { kind: 'text', value: 'TEXT', mqtt5: true, help: 'what an answer is told apart by' },
  'message-expiry': {
    kind: 'integer',
    value: 'S',
    min: 0,
    max: maximumFourByteInteger,
    mqtt5: true,
    help: 'seconds the message is of use',
  },
  'payload-format-utf8': { kind: 'switch', mqtt5: true, help: 'say that the payload is UTF-8 text' },
} as const satisfies FlagTable

const pubFlags = { ...messageFlags, ...connectionFlags, ...tlsFlags, ...willFlags }
type PubValues = FlagValues<typeof pubFlags>

export const pubCommand = defineCommand(
  {
    name: 'pub',
    summary: 'Publish messages',
    usage: 'pub -t TOPIC (-m TEXT | -f PATH | -s | -l | -n) [flags]',
    sections: [
      { title: 'Message', flags: messageFlags },
      { title: 'Connection', flags: connectionFlags },
      { title: 'TLS', flags: tlsFlags },
      { title: 'Will', flags: willFlags },
    ],
    examples: [
      'topiary pub -t garden/door -m open -q 1 -r',
      'topiary pub -t garden/door -n -r',
      'tail -f readings.txt | topiary pub -t garden/temperature -l --content-type text/plain',
    ],
    notes: [
      '(5.0) marks what needs MQTT 5.0.',
      'Exit codes: 0 published and, with QoS 1 or 2, acknowledged; 1 not connected, refused or lost; 2 wrong flags.',
    ],
  },
  pubFlags,
  pub,
)

async function pub(values: PubValues, terminal: Terminal): Promise<number> {
  refuseMqtt5FlagsBelow5(values.protocol, firstMqtt5Flag(pubFlags, values))
  const topicName = values.topic
  if (topicName === undefined) throw new UsageError('pub needs a topic: -t TOPIC')
  checkTopicName('--topic', topicName)
  const responseTopic = values['response-topic']
  if (responseTopic !== undefined) checkTopicName('--response-topic', responseTopic)
  const payloads = payloadsOf(values, terminal)
  const publishOptions = publishOptionsOf(values)
  const { client, failed } = await connectClient({
    url: values.url,
    options: clientOptions(values, 'pub', terminal.env),
    reconnect: false,
    prepare: () => {},
    notice: () => {},
  })
  await Promise.race([publishAll(client, topicName, payloads, publishOptions), failed])
  await client.endAsync()
  return exitCode.ok
}

/** Where the payloads come from: exactly one of the five sources. */
function payloadsOf(values: PubValues, terminal: Terminal): AsyncIterable<Buffer> {
  const { message, file } = values
  const sources = (['message', 'file', 'stdin', 'lines', 'null'] as const).filter(
    (name) => values[name] !== undefined && values[name] !== false,
  )
  if (sources.length === 0) throw new UsageError('pub needs a payload: one of -m TEXT, -f PATH, -s, -l, -n')
  if (sources.length > 1) throw new UsageError(`--${sources[0]} and --${sources[1]} exclude each other`)
  if (values.lines) return byteLines(terminal.stdin)
  if (values.stdin) return only(() => buffer(terminal.stdin))
  if (file !== undefined) return only(() => readPayloadFile(file))
  return only(async () => Buffer.from(message ?? ''))
}

async function* only(read: () => Promise<Buffer>): AsyncGenerator<Buffer> {
  yield await read()
}

async function readPayloadFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new OperatorError(`cannot read ${path}: ${(error as Error).message}`)
  }
}

function publishOptionsOf(values: PubValues): IClientPublishOptions {
  const properties: NonNullable<IClientPublishOptions['properties']> = {}
  if (values['user-property'].length > 0) properties.userProperties = userPropertiesOf(values['user-property'])
  if (values['content-type'] !== undefined) properties.contentType = values['content-type']
  if (values['response-topic'] !== undefined) properties.responseTopic = values['response-topic']
  if (values['correlation-data'] !== undefined) properties.correlationData = Buffer.from(values['correlation-data'])
  if (values['message-expiry'] !== undefined) properties.messageExpiryInterval = values['message-expiry']
  if (values['payload-format-utf8']) properties.payloadFormatIndicator = true
  return { qos: qosOf(values.qos), retain: values.retain, properties }
}

async function publishAll(
  client: MqttClient,
  topicName: string,
  payloads: AsyncIterable<Buffer>,
  options: IClientPublishOptions,
): Promise<void> {
  const onTheirWay = new Set<Promise<void>>()
  const window = Math.min(windowSize, client.serverProperties?.receiveMaximum ?? windowSize)
  for await (const payload of payloads) {
    const publishing = publishOne(client, topicName, payload, options).finally(() => onTheirWay.delete(publishing))
    onTheirWay.add(publishing)
    if (onTheirWay.size >= window) await Promise.race(onTheirWay)
  }
  await Promise.all(onTheirWay)
}

async function publishOne(
  client: MqttClient,
  topicName: string,
  payload: Buffer,
  options: IClientPublishOptions,
): Promise<void> {
  try {
    await client.publishAsync(topicName, payload, options)
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown }
    const reason = typeof code === 'number' ? codeText(code) : message
    throw new OperatorError(`the broker did not take the message to ${shownTopic(topicName)}: ${reason}`)
  }
}
