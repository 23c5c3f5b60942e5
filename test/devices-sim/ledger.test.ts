import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ledger } from '../../devices-sim/ledger.ts'

interface Case {
  readonly title: string
  readonly sent: number
  readonly arrivals: readonly number[]
  /** Received, lost, duplicates, reordered. */
  readonly expected: readonly [number, number, number, number]
}

const cases: readonly Case[] = [
  { title: 'all in order', sent: 3, arrivals: [1, 2, 3], expected: [3, 0, 0, 0] },
  { title: 'nothing', sent: 3, arrivals: [], expected: [0, 3, 0, 0] },
  { title: 'a hole', sent: 3, arrivals: [1, 3], expected: [2, 1, 0, 0] },
  { title: 'a lost first', sent: 3, arrivals: [2, 3], expected: [2, 1, 0, 0] },
  { title: 'a lost last', sent: 3, arrivals: [1, 2], expected: [2, 1, 0, 0] },
  { title: 'a repeat at once', sent: 2, arrivals: [1, 1, 2], expected: [2, 0, 1, 0] },
  { title: 'a late repeat', sent: 3, arrivals: [1, 2, 3, 1], expected: [3, 0, 1, 0] },
  { title: 'a swap', sent: 3, arrivals: [1, 3, 2], expected: [3, 0, 0, 1] },
  { title: 'a swap, repeated', sent: 3, arrivals: [1, 3, 2, 2], expected: [3, 0, 1, 1] },
  { title: 'a run sent again from its start', sent: 4, arrivals: [1, 2, 3, 2, 3, 4], expected: [4, 0, 2, 0] },
]

describe('Ledger', () => {
  for (const { title, sent, arrivals, expected } of cases) {
    for (const qos of [0, 1, 2] as const) {
      it(`books ${title} at QoS ${qos}`, () => {
        const ledger = new Ledger(1)
        for (let count = 0; count < sent; count++) ledger.send('device/sensor', qos)
        for (const sequence of arrivals) expect(ledger.receive(0, 'device/sensor', sequence)).toBe(true)
        const { received, lost, duplicates, reordered } = ledger.tally(qos)
        expect([received, lost, duplicates, reordered]).toEqual(expected)
        expect(ledger.tally(qos)).toMatchObject({ sent, acknowledged: 0 })
      })
    }
  }

  it('numbers each stream from 1', () => {
    const ledger = new Ledger(1)
    expect([ledger.send('a', 1), ledger.send('a', 1), ledger.send('b', 1), ledger.send('a', 1)]).toEqual([1, 2, 1, 3])
  })

  it('expects a message once from each subscriber', () => {
    const ledger = new Ledger(2)
    ledger.send('a', 1)
    ledger.receive(0, 'a', 1)
    expect(ledger.tally(1)).toMatchObject({ sent: 1, received: 1, lost: 1, duplicates: 0 })
    ledger.receive(1, 'a', 1)
    expect(ledger.tally(1)).toMatchObject({ sent: 1, received: 2, lost: 0, duplicates: 0 })
  })

  it('keeps QoS levels and acknowledgements apart', () => {
    const ledger = new Ledger(1)
    ledger.send('a', 1)
    ledger.send('b', 2)
    ledger.acknowledge(2)
    expect(ledger.tally(1)).toMatchObject({ sent: 1, acknowledged: 0 })
    expect(ledger.tally(2)).toMatchObject({ sent: 1, acknowledged: 1 })
    expect(ledger.tally(0)).toMatchObject({ sent: 0, acknowledged: 0 })
  })

  it('knows what was never sent', () => {
    const ledger = new Ledger(1)
    ledger.send('a', 1)
    expect(ledger.receive(0, 'a', 2)).toBe(false)
    expect(ledger.receive(0, 'b', 1)).toBe(false)
    expect(ledger.receive(1, 'a', 1)).toBe(false)
    expect(ledger.tally(1)).toMatchObject({ received: 0, lost: 1 })
  })

  it('agrees with a plain count for any arrivals', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 60 }), (arrivals) => {
        const ledger = new Ledger(1)
        for (let count = 0; count < 20; count++) ledger.send('a', 2)
        for (const sequence of arrivals) ledger.receive(0, 'a', sequence)
        const distinct = new Set(arrivals).size
        expect(ledger.tally(2)).toMatchObject({
          received: distinct,
          lost: 20 - distinct,
          duplicates: arrivals.length - distinct,
        })
      }),
    )
  })
})
