import { describe, expect, it } from 'vitest'
import { reckonDeliveries } from '../../../devices-sim/proof/reckon-deliveries.ts'
import { reckonInvented } from '../../../devices-sim/proof/reckon-invented.ts'
import type { ExpectedDelivery } from '../../../devices-sim/scenario/expected-deliveries.ts'
import { arrivalsOf, booksOf, deliveriesOf, streamOf, trackerOf } from './written-books.ts'

const clientOf = (device: number): string => `d-${device + 1}`
type Given = Parameters<typeof booksOf>[0]

function rowOf(given: Given, deliveries: readonly ExpectedDelivery[] = deliveriesOf()) {
  const [row] = reckonDeliveries(
    deliveries,
    [booksOf({ streams: [streamOf()], trackers: [trackerOf()], ...given })],
    clientOf,
  )
  return row
}

/** Message n was sent after n seconds, all of them near the absence. */
const sentEverySecond = Array.from({ length: 10 }, (_, index) => [index + 1, (index + 1) * 1e6]).flat()

/** Away from 4.5 to 6.5 seconds. */
function away(given: Parameters<typeof trackerOf>[0]) {
  return trackerOf({ connections: 2, away: [[4_500_000, 6_500_000]], ...given })
}

const good = {
  promised: 10,
  received: 10,
  lost: 0,
  duplicates: 0,
  reordered: 0,
  missedAway: 0,
  examples: [] as string[],
}

describe('of ten messages', () => {
  it.each<[string, Given, Partial<typeof good>]>([
    ['all arrived', {}, {}],
    [
      'none arrived',
      { trackers: [trackerOf({ arrivals: [] })] },
      { received: 0, lost: 10, examples: ['lost: d-1, 1-10'] },
    ],
    [
      'some are missing',
      { trackers: [trackerOf({ arrivals: [arrivalsOf({ missing: [2, 3, 7, 7] })] })] },
      { received: 7, lost: 3, examples: ['lost: d-1, 2-3, 7'] },
    ],
    [
      'the last ones are missing',
      { trackers: [trackerOf({ arrivals: [arrivalsOf({ highest: 8 })] })] },
      { received: 8, lost: 2, examples: ['lost: d-1, 9-10'] },
    ],
    [
      'what was never sent is missing',
      {
        streams: [streamOf({ discarded: [2, 3] })],
        trackers: [trackerOf({ arrivals: [arrivalsOf({ missing: [2, 4] })] })],
      },
      { promised: 8, received: 7, lost: 1, examples: ['lost: d-1, 4'] },
    ],
    [
      'what was never acknowledged is missing',
      {
        streams: [streamOf({ unconfirmed: [9, 10] })],
        trackers: [trackerOf({ arrivals: [arrivalsOf({ highest: 8 })] })],
      },
      { promised: 8, received: 8 },
    ],
    ['what was never acknowledged arrived', { streams: [streamOf({ unconfirmed: [9, 10] })] }, {}],
    [
      'some came again and late',
      {
        trackers: [
          trackerOf({ arrivals: [arrivalsOf({ duplicates: 2, repeated: [4, 4], reordered: 1, late: [6, 6] })] }),
        ],
      },
      { duplicates: 2, reordered: 1, examples: ['duplicate: d-1, 4', 'late: d-1, 6'] },
    ],
    [
      'some were sent while it was away',
      {
        streams: [streamOf({ sentNearAbsence: sentEverySecond })],
        trackers: [away({ arrivals: [arrivalsOf({ missedAway: [5, 6], connection: 2 })] })],
      },
      { promised: 8, received: 8, missedAway: 2 },
    ],
    [
      'some before and after its absence are missing as well',
      {
        streams: [streamOf({ sentNearAbsence: sentEverySecond })],
        trackers: [away({ arrivals: [arrivalsOf({ missedAway: [3, 8], connection: 2 })] })],
      },
      { promised: 8, received: 4, lost: 4, missedAway: 2, examples: ['lost: d-1, 3-4, 7-8'] },
    ],
    [
      'nobody noted when some were sent that fell between two connections',
      { trackers: [away({ arrivals: [arrivalsOf({ missedAway: [5, 6], connection: 2 })] })] },
      { received: 8, lost: 2, examples: ['lost: d-1, 5-6'] },
    ],
    [
      'some were missed when its connection was lost',
      { trackers: [trackerOf({ connections: 2, arrivals: [arrivalsOf({ missedAway: [4, 6], connection: 2 })] })] },
      { promised: 7, received: 7, missedAway: 3 },
    ],
    [
      'the last ones were sent while it was away, and it came back to silence',
      {
        streams: [streamOf({ last: 6, sentNearAbsence: sentEverySecond })],
        trackers: [away({ arrivals: [arrivalsOf({ highest: 4 })] })],
      },
      { promised: 4, received: 4, missedAway: 2 },
    ],
    [
      'the last ones were sent after it came back',
      {
        streams: [streamOf({ sentNearAbsence: sentEverySecond })],
        trackers: [away({ arrivals: [arrivalsOf({ highest: 4 })] })],
      },
      { promised: 8, received: 4, lost: 4, missedAway: 2, examples: ['lost: d-1, 7-10'] },
    ],
    [
      'a session kept the last ones for it',
      {
        streams: [streamOf({ sentNearAbsence: sentEverySecond })],
        trackers: [away({ isPersistent: true, arrivals: [arrivalsOf({ highest: 7 })] })],
      },
      { received: 7, lost: 3, examples: ['lost: d-1, 8-10'] },
    ],
    [
      'nothing came to those who share a subscription',
      { trackers: [trackerOf({ isShared: true, connections: 3, connectionsAtStart: 3, arrivals: [] })] },
      { received: 0, lost: 10, examples: ['lost: d-1, 1-10'] },
    ],
  ])('%s', (_, given, expected) => {
    expect(rowOf(given)).toMatchObject({ ...good, ...expected })
  })
})

it('at QoS 0 a session promises nothing while away', () => {
  const streams = [streamOf({ last: 6, sentNearAbsence: sentEverySecond })]
  const trackers = [away({ isPersistent: true, arrivals: [arrivalsOf({ highest: 4 })] })]
  const row = rowOf({ streams, trackers }, deliveriesOf({ qos: 0 }))
  expect(row).toMatchObject({ lost: 0, missedAway: 2, qos: 0 })
})

it('between those who share a subscription there is no order, but loss and duplicates', () => {
  const arrivals = [arrivalsOf({ missing: [2, 2], reordered: 4, late: [3, 6], duplicates: 1, repeated: [5, 5] })]
  const row = rowOf({ trackers: [trackerOf({ number: 0, arrivals })] }, deliveriesOf({ count: 3, share: 'g' }))
  expect(row).toMatchObject({ promised: 10, lost: 1, duplicates: 1, reordered: 0 })
  expect(row?.examples).toEqual(['lost: d-1, 2', 'duplicate: d-1, 5'])
})

it('all subscribers of a group count, in whichever process they are', () => {
  const books = [
    booksOf({ streams: [streamOf()], trackers: [trackerOf()] }),
    booksOf({ trackers: [trackerOf({ number: 2, arrivals: [arrivalsOf({ missing: [1, 1] })] })] }),
  ]
  expect(reckonDeliveries(deliveriesOf({ count: 2 }), books, clientOf)).toMatchObject([{ promised: 20, lost: 1 }])
})

it('a subscriber is held only to what its own filters ask for', () => {
  const deliveries = deliveriesOf({ count: 2, filters: ['m/d-{number}'] }, { count: 2 })
  const streams = [streamOf(), streamOf({ device: 1 })]
  const trackers = [
    trackerOf({ arrivals: [arrivalsOf()] }),
    trackerOf({ number: 2, arrivals: [arrivalsOf({ device: 1, missing: [4, 4] })] }),
  ]
  const row = rowOf({ streams, trackers }, deliveries)
  expect(row).toMatchObject({ promised: 20, lost: 1, examples: ['lost: d-2, 4'] })
})

it('a device that sent nothing promised nothing', () => {
  const row = rowOf({}, deliveriesOf({}, { count: 2 }))
  expect(row).toMatchObject({ promised: 10, lost: 0 })
})

it('who asks for one Sparkplug device of two is not owed the births of the other', () => {
  const deliveries = deliveriesOf(
    { filters: ['spBv1.0/g/DBIRTH/+/b'] },
    {
      messages: {},
      sensors: { level: { model: 'constant', value: 1 } },
      sparkplug: { group: 'g', devices: ['a', 'b'] },
    },
  )
  const stream = deliveries[0]?.flow.stream ?? -1
  const streams = [streamOf({ stream, last: 4 })]
  const trackers = [trackerOf({ arrivals: [arrivalsOf({ stream, highest: 2, missing: [1, 1] })] })]
  expect(rowOf({ streams, trackers }, deliveries)).toMatchObject({
    promised: 2,
    received: 1,
    lost: 1,
    examples: ['lost: d-1, 4'],
  })
})

it('numbers that a device never gave out are neither received nor lost, and counted apart', () => {
  const trackers = [trackerOf({ arrivals: [arrivalsOf({ highest: 25, missing: [5, 5, 11, 24] })] })]
  expect(rowOf({ trackers })).toMatchObject({ promised: 10, received: 9, lost: 1, examples: ['lost: d-1, 5'] })
  expect(reckonInvented([booksOf({ streams: [streamOf()], trackers })])).toBe(1)
  expect(reckonInvented([booksOf({ trackers: [trackerOf()] })])).toBe(10)
})

it('shows at most twenty examples, and ten ranges of each', () => {
  const devices = Array.from({ length: 30 }, (_, device) => device)
  const missing = Array.from({ length: 12 }, (_, index) => [2 * index + 1, 2 * index + 1]).flat()
  const streams = devices.map((device) => streamOf({ device, last: 30 }))
  const trackers = [trackerOf({ arrivals: devices.map((device) => arrivalsOf({ device, highest: 30, missing })) })]
  const examples = rowOf({ streams, trackers }, deliveriesOf({}, { count: 30 }))?.examples ?? []
  expect(examples).toHaveLength(20)
  expect(examples[0]).toBe('lost: d-1, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 and 2 more')
})
