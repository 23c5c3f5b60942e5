import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Agenda } from '../../../devices-sim/devices/agenda.ts'
import type { Stream } from '../../../devices-sim/devices/stream.ts'

/** As much of a stream as an agenda looks at. */
function streamOf(nextDueUs: number, device: number, stream: number): Stream {
  return { nextDueUs, device: { number: device }, flow: { stream } } as unknown as Stream
}

const small = fc.integer({ min: 0, max: 6 })
const streams = fc.array(fc.tuple(small, small, small), { maxLength: 50 }).map((all) => {
  const known = new Map(all.map((one) => [`${one[1]} ${one[2]}`, one]))
  return [...known.values()].map((one) => streamOf(...one))
})

function byDueTime(one: Stream, other: Stream): number {
  return (
    one.nextDueUs - other.nextDueUs || one.device.number - other.device.number || one.flow.stream - other.flow.stream
  )
}

it('gives what it was given in the order of due times, then devices, then streams', () => {
  fc.assert(
    fc.property(streams, (given) => {
      const agenda = new Agenda()
      for (const one of given) agenda.add(one)
      const taken: Stream[] = []
      for (let next = agenda.next; next !== undefined; next = agenda.next) {
        taken.push(next)
        agenda.removeTop()
      }
      expect(taken).toEqual(given.toSorted(byDueTime))
    }),
  )
})

it('keeps the order when the one on top is due later', () => {
  fc.assert(
    fc.property(streams, fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }), (given, delays) => {
      const agenda = new Agenda()
      for (const one of given) agenda.add(one)
      for (const delay of delays) {
        const { next } = agenda
        expect(next).toBe(given.toSorted(byDueTime)[0])
        if (next === undefined) return
        next.nextDueUs += delay
        agenda.movedTop()
      }
    }),
  )
})

it('is empty when it was cleared', () => {
  const agenda = new Agenda()
  agenda.add(streamOf(1, 0, 0))
  agenda.clear()
  expect(agenda.next).toBeUndefined()
})
