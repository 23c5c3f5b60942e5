import { expect, it } from 'vitest'
import { encodeText } from '../../src/protocol/text.ts'
import { LatestPerTopic } from '../../src/session/latest-per-topic.ts'

const topic = encodeText('a')
const waiting = (position: number) => ({ position, sequence: position * 10, byteSize: 1 })

it('the latest of a topic is what waits, until it has left', () => {
  const latest = new LatestPerTopic()
  expect(latest.take(topic)).toBeUndefined()
  latest.waits(topic, waiting(1))
  latest.left(7)
  expect(latest.take(topic)).toEqual(waiting(1))
  expect(latest.take(topic)).toBeUndefined()
  latest.waits(topic, waiting(2))
  latest.left(2)
  expect(latest.take(topic)).toBeUndefined()
})

it('one that left does not take the place of its follower with it', () => {
  const latest = new LatestPerTopic()
  latest.waits(topic, waiting(1))
  latest.take(topic)
  latest.waits(topic, waiting(2))
  latest.left(1)
  expect(latest.take(topic)).toEqual(waiting(2))
})

it('topics differ by any byte', () => {
  const latest = new LatestPerTopic()
  latest.waits(encodeText('é'), waiting(1))
  latest.waits(encodeText('e'), waiting(2))
  expect(latest.take(encodeText('é'))).toEqual(waiting(1))
  latest.clear()
  expect(latest.take(encodeText('e'))).toBeUndefined()
})
