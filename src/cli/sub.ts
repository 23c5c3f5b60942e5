import type { IClientSubscribeOptions, IPublishPacket, MqttClient } from 'mqtt'
import { exitCode, OperatorError, UsageError } from './cli-error.ts'
import { type ClientConnection, connectClient } from './client-connection.ts'
import { codeText } from './client-failure.ts'
import { clientOptions, connectionFlags, qosOf, refuseMqtt5FlagsBelow5, tlsFlags, willFlags } from './client-flags.ts'
import { defineCommand } from './command.ts'
import { firstMqtt5Flag, type FlagTable, type FlagValues } from './flags.ts'
import { formatMessage, type MessageFormat } from './received-message.ts'
import type { Terminal } from './terminal.ts'
import { checkTopicFilter, shownTopic } from './topic-checks.ts'

const subscriptionFlags = {
  topic: { kind: 'text', value: 'FILTER', short: 't', many: true, help: 'topic filter (required; may be repeated)' },
  qos: { kind: 'integer', value: 'QOS', short: 'q', min: 0, max: 2, default: 0, help: 'highest QoS wanted' },
  'no-local': { kind: 'switch', mqtt5: true, help: "do not receive this client's own messages" },
  'retain-as-published': { kind: 'switch', mqtt5: true, help: 'keep the RETAIN flag as the publisher set it' },
  'retain-handling': {
    kind: 'integer',
    value: 'N',
    min: 0,
    max: 2,
    mqtt5: true,
    help: 'retained messages: 0 at each subscribe, 1 only if new, 2 never',
  },
  'subscription-identifier': {
    kind: 'integer',
    value: 'N',
    min: 1,
    max: 268_435_455,
    mqtt5: true,
    help: 'number that comes back with each message',
  },
} as const satisfies FlagTable

const outputFlags = {
  count: { kind: 'integer', value: 'N', short: 'C', min: 1, max: 2 ** 31 - 1, help: 'stop after this many messages' },
  timeout: { kind: 'integer', value: 'S', short: 'W', min: 1, max: 2_147_483, help: 'stop after this many seconds' },
  verbose: { kind: 'switch', short: 'v', help: 'print the topic before the payload' },
  json: { kind: 'switch', help: 'print one JSON object per message' },
  'no-retained': { kind: 'switch', short: 'R', help: 'leave out messages that come with the RETAIN flag' },
} as const satisfies FlagTable

const subFlags = { ...subscriptionFlags, ...outputFlags, ...connectionFlags, ...tlsFlags, ...willFlags }
type SubValues = FlagValues<typeof subFlags>

export const subCommand = defineCommand(
  {
    name: 'sub',
    summary: 'Subscribe and print messages',
    usage: 'sub -t FILTER [-t FILTER...] [flags]',
    sections: [
      { title: 'Subscription', flags: subscriptionFlags },
      { title: 'Output', flags: outputFlags },
      { title: 'Connection', flags: connectionFlags },
      { title: 'TLS', flags: tlsFlags },
      { title: 'Will', flags: willFlags },
    ],
    examples: [
      "topiary sub -t 'garden/#' -v",
      "topiary sub -t '$SYS/#' -v -W 5",
      'topiary sub -t garden/door -q 1 -C 1 --json --client-id kitchen --no-clean',
    ],
    notes: [
      '(5.0) marks what needs MQTT 5.0. A lost connection is taken up again; notices go to stderr.',
      'A payload that is not UTF-8 stands in JSON as base64, with "payloadEncoding":"base64".',
      'Exit codes: 0 --count reached, stopped by a signal or nobody reads stdout any more; 1 not connected or',
      'refused; 2 wrong flags; 27 --timeout ran out, whatever was received.',
    ],
  },
  subFlags,
  sub,
)

async function sub(values: SubValues, terminal: Terminal): Promise<number> {
  refuseMqtt5FlagsBelow5(values.protocol, firstMqtt5Flag(subFlags, values))
  if (values.topic.length === 0) throw new UsageError('sub needs a topic filter: -t FILTER')
  for (const topicFilter of values.topic) checkTopicFilter('--topic', topicFilter)
  if (values.json && values.verbose) throw new UsageError('--json and --verbose exclude each other')
  const ended = new Ending()
  const connection = await connectClient({
    url: values.url,
    options: clientOptions(values, 'sub', terminal.env),
    reconnect: true,
    prepare: (client) => printMessages(client, values, terminal, ended),
    notice: (text) => terminal.stderr.write(`topiary: ${text}\n`),
  })
  return await Promise.race([untilEnd(connection, values, terminal, ended), connection.failed])
}

async function untilEnd(
  { client }: ClientConnection,
  values: SubValues,
  terminal: Terminal,
  ended: Ending,
): Promise<number> {
  const timeoutMs = values.timeout === undefined ? undefined : values.timeout * 1000
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => ended.with(exitCode.timedOut), timeoutMs)
  void terminal.stopRequested().then(() => ended.with(exitCode.ok))
  const subscribed = subscribe(client, values)
  const code = await Promise.race([subscribed.then(() => ended.code), ended.code])
  clearTimeout(timer)
  if (code === exitCode.timedOut) terminal.stderr.write(`topiary: timed out after ${values.timeout} s\n`)
  await client.endAsync(!client.connected)
  return code
}

async function subscribe(client: MqttClient, values: SubValues): Promise<void> {
  const options: IClientSubscribeOptions = { qos: qosOf(values.qos) }
  if (values.protocol === '5') {
    options.nl = values['no-local']
    options.rap = values['retain-as-published']
    options.rh = values['retain-handling'] ?? 0
    const subscriptionIdentifier = values['subscription-identifier']
    if (subscriptionIdentifier !== undefined) options.properties = { subscriptionIdentifier }
  }
  try {
    await client.subscribeAsync([...values.topic], options)
  } catch (error) {
    throw new OperatorError(subscribeFailure(error as SubscribeError, values.topic))
  }
}

type SubscribeError = Error & { readonly packet?: { readonly granted: readonly unknown[] } }

function subscribeFailure(error: SubscribeError, topicFilters: readonly string[]): string {
  const granted = (error.packet?.granted ?? []) as readonly number[]
  const refused = granted.flatMap((code, index) =>
    code < 0x80 ? [] : [`${shownTopic(topicFilters[index] ?? '')}: ${codeText(code)}`],
  )
  if (refused.length === 0) return `the subscription failed: ${error.message}`
  return `the broker refused the subscription to ${refused.join(', ')}`
}

/** How the command ends: the first word counts. */
class Ending {
  #resolve: (code: number) => void = () => {}
  readonly code = new Promise<number>((resolve) => {
    this.#resolve = resolve
  })

  with(code: number): void {
    this.#resolve(code)
  }
}

/**
 * Prints before it acknowledges, and acknowledges nothing beyond --count: that stays in the session for the next time.
 * A QoS 2 message is printed at PUBREL, but must be turned away at PUBLISH already.
 */
function printMessages(client: MqttClient, values: SubValues, terminal: Terminal, ended: Ending): void {
  const { stdout } = terminal
  const format: MessageFormat = values.json ? 'json' : values.verbose ? 'verbose' : 'payload'
  const count = values.count ?? Infinity
  let admitted = 0
  let printed = 0
  const isLeftOut = (packet: IPublishPacket): boolean => values['no-retained'] && packet.retain
  const isAdmitted = (packet: IPublishPacket): boolean => isLeftOut(packet) || ++admitted <= count
  stdout.on('error', () => ended.with(exitCode.ok))
  // After a lost connection what was not acknowledged comes again.
  client.on('connect', () => (admitted = printed))
  client.options.customHandleAcks = (_topicName, _payload, packet: IPublishPacket, acknowledge) => {
    if (isAdmitted(packet)) acknowledge(0)
    else acknowledge(enough)
  }
  client.handleMessage = (packet: IPublishPacket, acknowledge) => {
    if (isLeftOut(packet)) return acknowledge()
    if (printed >= count || (packet.qos === 0 && !isAdmitted(packet))) return acknowledge(enough)
    printed += 1
    const hasRoom = stdout.write(formatMessage(packet, format, new Date()))
    if (hasRoom || printed === count) acknowledge()
    else stdout.once('drain', () => acknowledge())
    if (printed === count) setImmediate(() => ended.with(exitCode.ok)) // the acknowledgement leaves first
  }
}

/** Keeps MQTT.js from acknowledging. */
const enough = new Error('--count is reached')
