import { describe, expect, it } from 'vitest'
import type { Stage } from '../../../devices-sim/devices/stage.ts'
import type { InboundPublish } from '../../../devices-sim/engines/engine.ts'
import { LatencyHistogram } from '../../../devices-sim/measures/latency-histogram.ts'
import { Latencies, Tallies } from '../../../devices-sim/measures/tallies.ts'
import { markText } from '../../../devices-sim/proof/mark.ts'
import type { Subscriber } from '../../../devices-sim/subscribers/subscriber.ts'
import { Tracker } from '../../../devices-sim/subscribers/tracker.ts'
import { deliveriesOf } from '../proof/written-books.ts'

const will = { topic: 'w/{client}', text: 'gone' }
const deliveries = deliveriesOf({}, { will })

/** Knows the message and the will of one device. */
function newTracker(): { readonly tracker: Tracker; readonly tallies: Tallies } {
  const tallies = new Tallies()
  const stage = {
    run: 'r',
    tallies,
    latencies: new Latencies(),
    timetable: { warmUpEndUs: 0 },
    clock: { nowUs: () => 5 },
  }
  const tracker = new Tracker(
    stage as unknown as Stage,
    (device, stream) => {
      const delivery = deliveries.find(({ flow }) => flow.stream === stream)
      if (device !== 0 || delivery === undefined) return undefined
      return { delivery, isWill: delivery.flow.kind === 'will', latency: new LatencyHistogram() }
    },
    false,
  )
  return { tracker, tallies }
}

function messageOf(mark: string | undefined, given: Partial<InboundPublish> = {}): InboundPublish {
  const none = { responseTopic: undefined, correlationData: undefined }
  return { topic: 't', payload: new Uint8Array(0), qos: 1, retain: false, dup: false, mark, ...none, ...given }
}

function markOf(device: number, stream: number, run = 'r'): string {
  return markText({ run, device, stream, sequence: 1, dueUs: 1 })
}

const subscriber = { absences: [] } as unknown as Subscriber

describe('what a subscriber gets', () => {
  it.each([
    ['of a device, it is received', messageOf(markOf(0, 0)), { received: 1, stray: 0 }],
    ['without a mark, it is a stray', messageOf(undefined), { stray: 1 }],
    ['of another run, it is a stray', messageOf(markOf(0, 0, 'other')), { stray: 1 }],
    ['of a device that there is not, it is a stray', messageOf(markOf(7, 0)), { received: 0, stray: 1 }],
    ['of a kind that it did not ask for, it is a stray', messageOf(markOf(0, 9)), { received: 0, stray: 1 }],
    ['and is a command, it is none of its business', messageOf(markOf(0, 1000)), { received: 0, stray: 0 }],
    [
      'because it was retained, it has its own way',
      messageOf(markOf(0, 0), { retain: true }),
      { received: 0, stray: 0 },
    ],
  ])('%s', (_, message, expected) => {
    const { tracker, tallies } = newTracker()
    tracker.receive(subscriber, message)
    expect(tallies).toMatchObject(expected)
  })

  it.each([
    ['once more, it is kept as a second one', false, [1, 1]],
    ['once more with DUP, a broker may do so', true, [1]],
  ])('a will %s', (_, dup, seen) => {
    const { tracker } = newTracker()
    tracker.receive(subscriber, messageOf(markOf(0, 1)))
    tracker.receive(subscriber, messageOf(markOf(0, 1), { dup }))
    expect([...tracker.wills]).toEqual([[0, seen]])
    expect(tracker.willsSeen).toBe(1)
  })
})
