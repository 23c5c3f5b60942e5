// What the plain rows become with another protocol version, transport, settings or payload.
import { cost, everybody, withoutFloor } from './row-parts.mjs'

/** Topiary against itself: `most` is the highest ratio to the plain arm, measured in the same rounds. */
const variants = [
  { name: 'topiary, MQTT 5', flags: ['--v5'], most: 1.25 },
  { name: 'topiary, MQTT 5, 3 user properties', flags: ['--v5', '--props', '3'], most: 2 },
  { name: 'topiary, WebSocket, 20 packets a frame', flags: ['--ws', '--frame', '20'], start: { ws: true }, most: 2 },
  { name: 'topiary, WebSocket, 1 packet a frame', flags: ['--ws', '--frame', '1'], start: { ws: true } },
  { name: 'topiary, 200 rules and metrics', start: { settings: 'rules' }, most: 1.1 },
]

const scenarios = [
  { name: 'pairs', title: 'Pairs' },
  { name: 'fanin', title: 'Fan-in' },
  { name: 'fanout', title: 'Fan-out' },
]

const variantRows = scenarios.flatMap(({ name, title }) =>
  [0, 1, 2].map((qos) => ({
    name: `variants-${name}-q${qos}`,
    group: 'variants',
    title: `${title}, QoS ${qos}, in variants`,
    scenario: name,
    flags: ['--qos', String(qos)],
    arms: [
      { name: 'topiary', peer: 'topiary' },
      ...variants.map(({ name: arm, flags, start }) => ({ name: arm, peer: 'topiary', flags, start })),
    ],
    metrics: [
      cost(variants.flatMap(({ name: arm, most }) => (most === undefined ? [] : [{ arm, of: 'topiary', most }]))),
    ],
  })),
)

/**
 * Payloads of 1,024 bytes are held against the figures of FlashMQ 1.26 as ratios to mosquitto with 64 bytes (pairs
 * 1.34 and 6.2 CPU-us, fan-out 1.60 and 2.6), those of 16 bytes against its figures for 64 bytes (0.75, 0.67, 0.19
 * where mosquitto has 6.2, 3.9, 2.6). Where it was not measured, Topiary is ahead of mosquitto with the same payload.
 */
const payloads = [
  { scenario: 'pairs', size: 16, qos: 0, most: 0.12 },
  { scenario: 'pairs', size: 16, qos: 1, most: 0.105 },
  { scenario: 'fanin', size: 16, qos: 0, most: 0.17 },
  { scenario: 'fanout', size: 16, qos: 0, most: 0.073 },
  { scenario: 'pairs', size: 1024, qos: 0, most: 0.216, of: 'mosquitto, 64 bytes' },
  { scenario: 'pairs', size: 1024, qos: 1, most: 1 },
  { scenario: 'fanin', size: 1024, qos: 0, most: 1 },
  { scenario: 'fanout', size: 1024, qos: 0, most: 0.615, of: 'mosquitto, 64 bytes' },
]

const payloadRows = payloads.map(({ scenario, size, qos, most, of = 'mosquitto' }) => ({
  name: `size${size}-${scenario}-q${qos}`,
  group: 'variants',
  title: `${scenarios.find(({ name }) => name === scenario).title}, QoS ${qos}, payloads of ${size.toLocaleString('en')} bytes`,
  scenario,
  flags: ['--qos', String(qos), '--size', String(size)],
  arms: [
    ...(scenario === 'fanin' ? withoutFloor : everybody)(qos).map((peer) => ({ name: peer, peer })),
    ...(of === 'mosquitto' ? [] : [{ name: of, peer: 'mosquitto', flags: ['--size', '64'] }]),
  ],
  metrics: [cost([{ arm: 'topiary', of, most }])],
}))

export const variantGroup = [...variantRows, ...payloadRows]
