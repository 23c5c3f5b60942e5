import { describe, expect, it } from 'vitest'
import { readMark } from '../../../../devices-sim/payloads/read-mark.ts'
import { EdgeNode, type SparkplugMessage } from '../../../../devices-sim/payloads/sparkplug/edge-node.ts'
import { edgeNodeLayout } from '../../../../devices-sim/payloads/sparkplug/layout.ts'
import { decodePayload, encodePayload } from '../../../../devices-sim/payloads/sparkplug/payload.ts'
import { parseCsv } from '../../../../devices-sim/sensors/csv.ts'
import { type SensorInput, sensorSchema } from '../../../../devices-sim/sensors/schema.ts'
import { mark, markedText } from '../payload-cases.ts'

const readCsv = () => parseCsv('v,w\n1,1\nhigh,2\n', 'day.csv')

function sensorsOf(inputs: Record<string, SensorInput>) {
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, sensorSchema.parse(input)]))
}

const fleet = {
  sensors: sensorsOf({
    load: { model: 'uniform', min: 0, max: 1 },
    state: { model: 'states', start: 'idle', states: {} },
    door: { model: 'events', perHour: 1 },
    place: {
      model: 'route',
      points: [
        [47, 8],
        [48, 8],
      ],
      kilometresPerHour: 5,
    },
  }),
  messages: {
    node: { payload: { format: 'sparkplug', fields: ['load', 'state'] } },
    press: { payload: { format: 'sparkplug', fields: ['door'], device: 'press' } },
    pressPlace: { payload: { format: 'sparkplug', fields: ['place'], device: 'press' } },
    other: { payload: { format: 'json', fields: ['door'] } },
  },
  sparkplug: { devices: ['press', 'saw'] },
}
const layout = edgeNodeLayout(fleet, readCsv)
const readings = {
  load: 0.5,
  state: 'idle',
  door: undefined,
  place: { latitude: 47, longitude: 8, speed: 5, course: 0 },
}
const birth = { nowMs: 2000, readings, mark: undefined }
const data = { ...birth, nowMs: 3000, measuredMs: 2500 }

function newNode(): EdgeNode {
  return new EdgeNode(layout, { group: 'plant', node: 'line-1' })
}

function bornNode(): EdgeNode {
  const node = newNode()
  node.death(1000, undefined)
  node.nodeBirth(birth)
  return node
}

function seqOf({ payload }: SparkplugMessage): number | bigint | undefined {
  return decodePayload(payload).seq
}

function bdSeqOf({ payload }: SparkplugMessage): number | bigint | undefined {
  const value = decodePayload(payload).metrics.find(({ name }) => name === 'bdSeq')?.value
  return value?.kind === 'long' ? value.value : undefined
}

describe('topics, QoS and retain', () => {
  it.each([
    ['NDEATH', (node: EdgeNode) => node.death(1, undefined), 'spBv1.0/plant/NDEATH/line-1', 1],
    ['NBIRTH', (node: EdgeNode) => node.nodeBirth(birth), 'spBv1.0/plant/NBIRTH/line-1', 0],
    ['DBIRTH', (node: EdgeNode) => node.deviceBirth('press', birth), 'spBv1.0/plant/DBIRTH/line-1/press', 0],
    ['NDATA', (node: EdgeNode) => node.data(undefined, data), 'spBv1.0/plant/NDATA/line-1', 0],
    ['DDATA', (node: EdgeNode) => node.data('press', data), 'spBv1.0/plant/DDATA/line-1/press', 0],
  ] as const)('of %s', (_type, make, topic, qos) => {
    expect(make(bornNode())).toMatchObject({ topic, qos, retain: false })
  })

  it('of commands', () => {
    expect(newNode().commandTopic).toBe('spBv1.0/plant/NCMD/line-1')
  })
})

describe('what messages hold', () => {
  it('NDEATH: bdSeq alone, as Int64, without seq', () => {
    expect(decodePayload(newNode().death(1000, undefined).payload)).toEqual({
      timestamp: 1000,
      metrics: [{ name: 'bdSeq', timestamp: 1000, datatype: 4, value: { kind: 'long', value: 0 } }],
    })
  })

  it('NBIRTH: bdSeq, the rebirth control without an alias, and all metrics of the node', () => {
    const node = newNode()
    node.death(1000, undefined)
    expect(decodePayload(node.nodeBirth(birth).payload)).toEqual({
      timestamp: 2000,
      seq: 0,
      metrics: [
        { name: 'bdSeq', timestamp: 2000, datatype: 4, value: { kind: 'long', value: 0 } },
        { name: 'Node Control/Rebirth', timestamp: 2000, datatype: 11, value: { kind: 'boolean', value: false } },
        { name: 'load', alias: 1, timestamp: 2000, datatype: 10, value: { kind: 'double', value: 0.5 } },
        { name: 'state', alias: 2, timestamp: 2000, datatype: 12, value: { kind: 'string', value: 'idle' } },
      ],
    })
  })

  it('DBIRTH: all metrics of the device, null where nothing was measured', () => {
    const { metrics } = decodePayload(bornNode().deviceBirth('press', birth).payload)
    expect(metrics).toEqual([
      { name: 'door', alias: 3, timestamp: 2000, datatype: 11, isNull: true },
      ...[47, 8, 5, 0].map((value, index) => ({
        name: `place/${['latitude', 'longitude', 'speed', 'course'][index] ?? ''}`,
        alias: 4 + index,
        timestamp: 2000,
        datatype: 10,
        value: { kind: 'double', value },
      })),
    ])
  })

  it('DBIRTH of a device without messages: no metrics', () => {
    expect(decodePayload(bornNode().deviceBirth('saw', birth).payload).metrics).toEqual([])
  })

  it('NDATA: aliases and the time of the measurement', () => {
    expect(decodePayload(bornNode().data(undefined, data).payload)).toEqual({
      timestamp: 3000,
      seq: 1,
      metrics: [
        { alias: 1, timestamp: 2500, value: { kind: 'double', value: 0.5 } },
        { alias: 2, timestamp: 2500, value: { kind: 'string', value: 'idle' } },
      ],
    })
  })

  it('DDATA: only the fields asked for, and only what has something to say', () => {
    const node = bornNode()
    expect(aliasesOf(node.data('press', data))).toEqual([4, 5, 6, 7])
    expect(aliasesOf(node.data('press', { ...data, fields: ['door'] }))).toEqual([])
    expect(aliasesOf(node.data('press', { ...data, fields: ['door'], readings: { door: true } }))).toEqual([3])
  })

  it.each([
    [null, { isNull: true }],
    ['text', { isNull: true }],
    [true, { value: { kind: 'double', value: 1 } }],
  ])('a reading %j of a number is %j', (load, expected) => {
    const { metrics } = decodePayload(bornNode().data(undefined, { ...data, readings: { load } }).payload)
    expect(metrics).toEqual([{ alias: 1, timestamp: 2500, ...expected }])
  })

  it('a position that was not taken is four nulls', () => {
    const { metrics } = decodePayload(bornNode().data('press', { ...data, readings: { place: null } }).payload)
    expect(metrics.map(({ isNull }) => isNull)).toEqual([true, true, true, true])
  })
})

describe('the mark', () => {
  it('travels in uuid of every kind of message and is found', () => {
    const node = newNode()
    const messages = [
      node.death(Date.UTC(2026, 0, 1), markedText),
      node.nodeBirth({ ...birth, mark: markedText }),
      node.deviceBirth('press', { ...birth, mark: markedText }),
      node.data(undefined, { ...data, mark: markedText }),
    ]
    for (const { payload } of messages) {
      expect(decodePayload(payload).uuid).toBe(markedText)
      expect(readMark(payload)).toEqual(mark)
    }
  })

  it('is not there where it travels elsewhere', () => {
    expect(decodePayload(newNode().death(1000, undefined).payload)).not.toHaveProperty('uuid')
  })
})

describe('bdSeq', () => {
  it('of NBIRTH is that of the will of the same CONNECT, one more each time, 255 then 0', () => {
    const node = newNode()
    for (let connect = 0; connect < 600; connect++) {
      const expected = connect % 256
      expect(bdSeqOf(node.death(1000, undefined))).toBe(expected)
      expect(bdSeqOf(node.nodeBirth(birth))).toBe(expected)
    }
  })

  it('stays for a rebirth and for a failed attempt goes on', () => {
    const node = bornNode()
    expect(bdSeqOf(node.nodeBirth(birth))).toBe(0)
    node.death(1000, undefined)
    node.death(1000, undefined)
    expect(bdSeqOf(node.nodeBirth(birth))).toBe(2)
  })
})

describe('seq', () => {
  it('is one more for every message of the node and its devices, 255 then 0', () => {
    const node = bornNode()
    expect(seqOf(node.deviceBirth('press', birth))).toBe(1)
    expect(seqOf(node.deviceBirth('saw', birth))).toBe(2)
    for (let message = 3; message < 600; message++) {
      expect(seqOf(node.data(message % 3 === 0 ? undefined : 'press', data))).toBe(message % 256)
    }
  })

  it('is 0 at each NBIRTH', () => {
    const node = bornNode()
    node.data(undefined, data)
    expect(seqOf(node.nodeBirth(birth))).toBe(0)
    node.data(undefined, data)
    node.death(1000, undefined)
    expect(seqOf(node.nodeBirth(birth))).toBe(0)
    expect(seqOf(node.data(undefined, data))).toBe(1)
  })
})

describe('is_historical', () => {
  it.each([
    ['before the last birth', 1999, true],
    ['at the birth', 2000, undefined],
    ['since', 2500, undefined],
  ])('of what was measured %s is %s', (_when, measuredMs, expected) => {
    const { metrics } = decodePayload(bornNode().data(undefined, { ...data, measuredMs }).payload)
    expect(metrics.map(({ isHistorical }) => isHistorical)).toEqual([expected, expected])
    expect(metrics.map(({ timestamp }) => timestamp)).toEqual([measuredMs, measuredMs])
  })
})

describe('a rebirth command', () => {
  const name = 'Node Control/Rebirth'

  it.each([
    ['true', encodePayload({ metrics: [{ name, value: { kind: 'boolean', value: true } }] }), true],
    [
      'among others',
      encodePayload({ metrics: [{ name: 'x' }, { name, value: { kind: 'boolean', value: true } }] }),
      true,
    ],
    ['false', encodePayload({ metrics: [{ name, value: { kind: 'boolean', value: false } }] }), false],
    ['a text', encodePayload({ metrics: [{ name, value: { kind: 'string', value: 'true' } }] }), false],
    ['another metric', encodePayload({ metrics: [{ name: 'x', value: { kind: 'boolean', value: true } }] }), false],
    ['nothing', new Uint8Array(), false],
    ['no payload at all', Buffer.from('rebirth'), false],
  ])('that is %s', (_what, payload, expected) => {
    expect(newNode().isRebirthCommand(payload)).toBe(expected)
  })
})

describe('out of order', () => {
  it('there is no birth before a death was given to CONNECT', () => {
    expect(() => newNode().nodeBirth(birth)).toThrow('call death() first')
  })

  it('there is nothing before NBIRTH, after a new CONNECT neither', () => {
    const node = newNode()
    node.death(1000, undefined)
    expect(() => node.data(undefined, data)).toThrow('NDATA comes after NBIRTH: call nodeBirth() first')
    node.nodeBirth(birth)
    node.death(1000, undefined)
    expect(() => node.deviceBirth('press', birth)).toThrow('DBIRTH comes after NBIRTH: call nodeBirth() first')
  })

  it('there is no device that was not announced', () => {
    expect(() => bornNode().data('drill', data)).toThrow('the edge node line-1 has no device "drill"')
  })
})

describe('a layout', () => {
  it.each([
    ['constant number', { model: 'constant', value: 1 }, 10],
    ['constant text', { model: 'constant', value: 'a' }, 12],
    ['constant switch', { model: 'constant', value: true }, 11],
    ['step of numbers', { model: 'step', values: [1, 2], every: '1s' }, 10],
    ['step of this and that', { model: 'step', values: [1, true], every: '1s' }, 12],
    ['replay of numbers', { model: 'replay', file: 'day.csv', column: 'w' }, 10],
    ['replay of this and that', { model: 'replay', file: 'day.csv', column: 'v' }, 12],
    ['counter', { model: 'counter', perHour: 1 }, 10],
  ] as const)('has a datatype for a %s', (_what, input, datatype) => {
    const sensors = { x: sensorSchema.parse(input) }
    const { metrics } = edgeNodeLayout({ sensors, messages: { m: { payload: { format: 'sparkplug' } } } }, readCsv)
    expect(metrics).toEqual([{ name: 'x', alias: 1, datatype, sensor: 'x', part: undefined }])
  })

  it('takes a function to give numbers', () => {
    const sensors = { x: () => () => 1 }
    const { metrics } = edgeNodeLayout({ sensors, messages: { m: { payload: { format: 'sparkplug' } } } }, readCsv)
    expect(metrics[0]?.datatype).toBe(10)
  })

  it('gives no alias twice, and lists the devices in order', () => {
    const all = [layout.metrics, ...layout.devices.values()].flat().map(({ alias }) => alias)
    expect(all).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect([...newNode().devices]).toEqual(['press', 'saw'])
  })
})

function aliasesOf({ payload }: SparkplugMessage): unknown[] {
  return decodePayload(payload).metrics.map(({ alias }) => alias)
}
