import { expect, it } from 'vitest'
import { reckonWills } from '../../../devices-sim/proof/reckon-wills.ts'
import { booksOf, deliveriesOf, trackerOf } from './written-books.ts'

const fleet = { count: 2, messages: {}, will: { topic: 'w/{client}', text: 'gone' } }
const deliveries = deliveriesOf({}, fleet)

/** After five seconds. */
function called(connection: number) {
  return { connection, fromUs: 5e6, toUs: 5e6 }
}

it.each([
  ['all came', [1, 3], [], [1, 3], { expected: 2, seen: 2, missing: 0, unexpected: 0 }],
  ['one did not come', [1, 3], [], [3], { expected: 2, seen: 1, missing: 1, unexpected: 0 }],
  [
    'one came for a connection that said DISCONNECT',
    [1],
    [],
    [1, 2],
    { expected: 1, seen: 1, missing: 0, unexpected: 1 },
  ],
  ['one came twice', [1], [], [1, 1], { expected: 1, seen: 1, missing: 0, unexpected: 1 }],
  ['one came where nobody knows', [1], [2], [1, 2], { expected: 1, seen: 1, unexpected: 0, unconfirmed: 1 }],
  ['none came where nobody knows', [1], [2], [1], { expected: 1, seen: 1, missing: 0, unconfirmed: 1 }],
])('%s', (_, expected, unconfirmed, seen, sum) => {
  const wills = [{ device: 1, expected: expected.map(called), unconfirmed }]
  const books = [booksOf({ wills }), booksOf({ trackers: [trackerOf({ wills: [[1, seen]] })] })]
  expect(reckonWills(deliveries, books)).toMatchObject(sum)
})

it('every subscriber must see it, and only who asked for it', () => {
  const wills = [{ device: 0, expected: [called(1)], unconfirmed: [] }]
  const trackers = [trackerOf({ wills: [[0, [1]]] }), trackerOf({ number: 2 }), trackerOf({ group: 'others' })]
  expect(reckonWills(deliveries, [booksOf({ wills, trackers })])).toMatchObject({ expected: 2, seen: 1, missing: 1 })
})

it.each([
  ['was away then, without a session', {}, { expected: 0, missing: 0 }],
  ['was away at another time', { away: [[6e6, 7e6]] as const }, { expected: 1, missing: 1 }],
  ['was away then, with a session', { isPersistent: true }, { expected: 1, missing: 1 }],
  ['lost its connection at a time that nobody knows', { connections: 3 }, { expected: 0, missing: 0 }],
])('to a subscriber that %s', (_, given, sum) => {
  const wills = [{ device: 0, expected: [called(1)], unconfirmed: [] }]
  const trackers = [trackerOf({ connections: 2, away: [[4e6, 6e6]], ...given })]
  expect(reckonWills(deliveries, [booksOf({ wills, trackers })])).toMatchObject(sum)
})

it('a will that came to somebody who need not have got it is none too many', () => {
  const wills = [{ device: 0, expected: [called(1)], unconfirmed: [] }]
  const trackers = [trackerOf({ connections: 2, away: [[4e6, 6e6]], wills: [[0, [1]]] })]
  expect(reckonWills(deliveries, [booksOf({ wills, trackers })])).toMatchObject({ expected: 0, unexpected: 0 })
})
