import { expect, it } from 'vitest'
import { reckonWills } from '../../../devices-sim/proof/reckon-wills.ts'
import { booksOf, deliveriesOf, trackerOf } from './written-books.ts'

const fleet = { count: 2, messages: {}, will: { topic: 'w/{client}', text: 'gone' } }
const deliveries = deliveriesOf({}, fleet)

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
  const wills = [{ device: 1, expected, unconfirmed }]
  const books = [booksOf({ wills }), booksOf({ trackers: [trackerOf({ wills: [[1, seen]] })] })]
  expect(reckonWills(deliveries, books)).toMatchObject(sum)
})

it('every subscriber must see it, and only who asked for it', () => {
  const wills = [{ device: 0, expected: [1], unconfirmed: [] }]
  const trackers = [trackerOf({ wills: [[0, [1]]] }), trackerOf({ number: 2 }), trackerOf({ group: 'others' })]
  expect(reckonWills(deliveries, [booksOf({ wills, trackers })])).toMatchObject({ expected: 2, seen: 1, missing: 1 })
})
