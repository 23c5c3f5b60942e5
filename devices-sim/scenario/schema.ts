import { z } from 'zod'
import { duration, qos, share } from '../quantities.ts'
import { sensorOrFunction } from './sensor-or-function.ts'

/**
 * A text with places to fill in: {run}, {fleet} or {group}, {number} (1 for the first device, {number:4} with zeros in
 * front), {client} (the client identifier). In payloads also {sequence}, {time}, {due} and any sensor.
 */
const template = z.string().min(1)
const name = z
  .string()
  .regex(/^[A-Za-z][\w-]*$/)
  .meta({ examples: ['machines'] })
const protocol = z.enum(['3.1.1', '5'])
const engine = z
  .enum(['light', 'mqttjs'])
  .describe('light: our own codec, for scale. mqttjs: true MQTT.js clients, for fidelity.')

const properties = z.record(z.string(), template).describe('MQTT 5 user properties.')

const payload = z.discriminatedUnion('format', [
  z.strictObject({
    format: z.literal('json'),
    fields: z.array(name).optional().describe('Sensors to send; all of the fleet if left out.'),
  }),
  z.strictObject({ format: z.literal('cbor'), fields: z.array(name).optional() }),
  z
    .strictObject({
      format: z.literal('sparkplug'),
      fields: z.array(name).optional(),
      device: name.optional().describe('Of `sparkplug.devices`; the edge node itself if left out.'),
    })
    .describe('Sparkplug B NDATA or DDATA. The topic follows from it.'),
  z.strictObject({
    format: z.literal('fixed'),
    bytes: z.int().min(0).max(268_000_000).describe('Size of the payload, with its mark where it carries one.'),
  }),
  z.strictObject({ format: z.literal('template'), text: template }),
])

const message = z.strictObject({
  topic: template.optional().describe('Not for sparkplug, which names its own.'),
  qos: qos.default(0),
  retain: z.boolean().default(false),
  every: duration.optional().describe('One message per device in this time. Or `perSecond`.'),
  perSecond: z.number().positive().max(1_000_000).optional().describe('Messages of one device in a second.'),
  arrivals: z
    .enum(['regular', 'poisson'])
    .default('regular')
    .describe('regular: evenly, each device at an offset of its own. poisson: by chance.'),
  limit: z.int().min(1).optional().describe('A device stops after this many.'),
  jitter: share.default(0).describe('Share of the interval by which a message may be due later.'),
  payload: payload.prefault({ format: 'json' }),
  expiry: duration.optional().describe('MQTT 5 message expiry interval.'),
  properties: properties.optional(),
})

const status = z.strictObject({
  topic: template,
  text: template.describe('The payload; its mark is put in front of it, or in a user property for 5.'),
  qos: qos.default(1),
  retain: z.boolean().default(true),
})

const session = {
  session: z
    .enum(['clean', 'persistent'])
    .default('clean')
    .describe('persistent: kept by the broker while the client is away.'),
  sessionExpiry: duration.default(3_600_000).describe('How long a persistent session is kept (MQTT 5).'),
  keepAlive: duration.default(60_000),
  userName: template.optional(),
  password: template.optional().meta({ writeOnly: true }),
  protocol: protocol.optional(),
  engine: engine.optional(),
}

const reconnect = z
  .strictObject({
    first: duration.default(200).describe('Wait before the first attempt to come back.'),
    factor: z.number().min(1).default(2).describe('By how much each further wait is longer.'),
    most: duration.default(10_000),
    jitter: share.default(0.5).describe('Share of each wait that is left to chance.'),
  })
  .prefault({})

const fleet = z.strictObject({
  count: z.int().min(1).max(1_000_000),
  clientId: template.default('{fleet}-{number}'),
  ...session,
  sensors: z.record(name, sensorOrFunction).default({}).describe('What a device measures, by name.'),
  messages: z.record(name, message).default({}),
  birth: status.optional().describe('Published each time a device has connected.'),
  will: status
    .extend({ delay: duration.optional().describe('MQTT 5 will delay interval.') })
    .optional()
    .describe('What the broker says for a device that drops off.'),
  goodbye: status.optional().describe('Published before a device disconnects of its own will.'),
  sparkplug: z
    .strictObject({
      group: template,
      node: template.default('{fleet}-{number}'),
      devices: z.array(name).default([]),
    })
    .optional()
    .describe('Each client is a Sparkplug B edge node: birth, death, bdSeq, seq and rebirth are its own.'),
  inFlight: z
    .int()
    .min(1)
    .max(65_535)
    .default(20)
    .describe('QoS 1 and 2 messages of a device that wait for their acknowledgement at once.'),
  buffer: z
    .strictObject({
      messages: z.int().min(0).max(10_000_000).default(1000),
      whenFull: z.enum(['drop-oldest', 'drop-newest']).default('drop-oldest'),
      offline: z.enum(['keep', 'discard']).default('keep').describe('What is done with what is due while away.'),
    })
    .prefault({})
    .describe('Messages that are due and cannot be sent yet: away, or too many in flight. What it drops is counted.'),
  reconnect,
})

const command = z.strictObject({
  fleet: name,
  topic: template.describe('Where a device listens, such as cmd/{client}.'),
  responseTopic: template.describe('Where it answers; the controller listens there.'),
  perSecond: z.number().positive().describe('Commands in a second, to one device after the other.'),
  qos: qos.default(1),
  timeout: duration.default(5000),
})

const subscriber = z.strictObject({
  count: z.int().min(1).max(100_000).default(1),
  clientId: template.default('{group}-{number}'),
  ...session,
  filters: z.array(template).min(1),
  qos: qos.default(2).describe('Maximum QoS asked for.'),
  share: name.optional().describe('Shared subscription: each message to one of the group.'),
  readsPerSecond: z.number().positive().optional().describe('A slow one: stops reading its socket beyond this.'),
  away: z
    .array(
      z.strictObject({
        from: duration.describe('Since the end of the ramp.'),
        lasts: duration,
        how: z.enum(['disconnect', 'drop']).default('disconnect'),
      }),
    )
    .default([])
    .describe('When it is offline.'),
  reconnect,
})

const some = {
  fleet: name.optional().describe('Only this one.'),
  share: share.default(1).describe('Share of the devices.'),
}
const how = z
  .enum(['drop', 'disconnect', 'half-open', 'takeover', 'silent', 'pause-reading'])
  .default('drop')
  .describe(
    'drop: the socket is destroyed. disconnect: DISCONNECT first. half-open: nothing is sent or read any more, the ' +
      'socket stays. takeover: a twin connects with the same client identifier. silent: reads, but sends nothing, no ' +
      'PINGREQ either, until the broker ends it. pause-reading: sends, but reads nothing.',
  )

const phase = z.discriminatedUnion('phase', [
  z
    .strictObject({ phase: z.literal('ramp'), lasts: duration })
    .describe('Devices connect, evenly over this time. Must be first; without one all connect at once.'),
  z.strictObject({ phase: z.literal('hold'), lasts: duration }).describe('Devices report.'),
  z
    .strictObject({ phase: z.literal('spike'), lasts: duration, times: z.number().positive().max(10_000) })
    .describe('Devices report this many times as often.'),
  z
    .strictObject({
      phase: z.literal('churn'),
      lasts: duration,
      perSecond: z.number().positive().describe('Devices that leave in a second.'),
      away: duration.default(500),
      how,
      fleet: some.fleet,
    })
    .describe('Devices leave, one after the other, and come back.'),
  z
    .strictObject({
      phase: z.literal('storm'),
      lasts: duration,
      away: duration.default(500).describe('How long it takes at least until they come back.'),
      how,
      ...some,
    })
    .describe('Devices leave all at once when the phase begins, and come back by their back-off.'),
  z
    .strictObject({ phase: z.literal('drain'), lasts: duration })
    .describe('Nothing new is due; what is on its way has at most this time. Must be last; 10s without one.'),
])

export const scenarioSchema = z.strictObject({
  $schema: z.string().optional(),
  name,
  description: z.string().default(''),
  seed: z.int().min(0).max(0xffff_ffff).default(1).describe('What is left to chance follows from it.'),
  broker: z
    .strictObject({
      url: z
        .string()
        .regex(/^(mqtts?|wss?|tcp|tls):\/\//)
        .default('mqtt://127.0.0.1:1883')
        .meta({ writeOnly: true }), // in a wrong one may stand a password
      ca: z.string().optional().describe('PEM file.'),
      cert: z.string().optional().describe('PEM file of the clients.'),
      key: z.string().optional().describe('PEM file of the clients.'),
      insecure: z.boolean().default(false).describe('Takes any certificate.'),
    })
    .prefault({}),
  protocol: protocol.default('5'),
  engine: engine.default('light'),
  workers: z.int().min(1).max(64).default(1).describe('Processes.'),
  sourceAddresses: z
    .array(z.union([z.ipv4(), z.ipv6()]))
    .default([])
    .describe('Local addresses that clients connect from in turn, for more than 28,000 connections.'),
  subscribersPerSecond: z
    .number()
    .positive()
    .max(100_000)
    .default(1000)
    .describe('Subscribers that connect in a second, before the run begins.'),
  clock: z
    .strictObject({
      start: z.iso.datetime().default('2026-01-01T06:00:00Z').describe('Simulated time at the start.'),
      speed: z.number().positive().default(1).describe('Simulated seconds that pass in one.'),
    })
    .prefault({}),
  warmUp: duration.default(0).describe('Latencies of messages due in this time after the ramp are not counted.'),
  fleets: z.record(name, fleet).default({}),
  commands: z.record(name, command).default({}),
  subscribers: z.record(name, subscriber).default({}),
  phases: z.array(phase).default([]),
  assertions: z
    .array(z.string().min(1))
    .default([])
    .describe('What must hold, such as `lost == 0 where qos = 1` or `p99 < 50ms`. Decides the exit code.'),
})

/** A scenario as it is written. */
export type ScenarioInput = z.input<typeof scenarioSchema>
/** A scenario with its defaults; times are milliseconds. */
export type Scenario = z.output<typeof scenarioSchema>
export type Fleet = Scenario['fleets'][string]
export type Message = Fleet['messages'][string]
export type PayloadOptions = Message['payload']
export type StatusMessage = NonNullable<Fleet['birth']>
export type Command = Scenario['commands'][string]
export type SubscriberGroup = Scenario['subscribers'][string]
export type Phase = Scenario['phases'][number]
export type Disturbance = Extract<Phase, { phase: 'storm' }>['how']
