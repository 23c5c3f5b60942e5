import { describe, expect, it } from 'vitest'
import type { QueueEntry } from '../../src/contracts/store.ts'
import { entryOf } from './queue-entries.ts'
import { outboundOf, takeAll } from './outbound-of.ts'

const IDENTIFIERS = 65_535

/** Its sequence is its position. */
function owed(position: number): QueueEntry {
  return entryOf({ position, sequence: position })
}

describe('positions after a restart', () => {
  it.each(['replayDelivered', 'replayReleased'] as const)(
    'are not given again when %s is all that is known of one',
    (replay) => {
      const { outbound } = outboundOf()
      outbound[replay](4)
      expect(outbound.nextPosition).toBe(5)
      outbound.restored(0, 0)
      expect(outbound.nextPosition).toBe(5)
    },
  )

  it('that were given anew outlive a record of the one before', () => {
    const { outbound } = outboundOf()
    outbound.replayDelivered(0)
    outbound.replayOwed(owed(1))
    outbound.restored(0, 0)
    const waiting: number[] = []
    outbound.visitBacklog(({ position }) => waiting.push(position))
    expect(waiting).toEqual([1])
  })

  it('wait for their identifier, also where any of them may have been sent', () => {
    const { outbound } = outboundOf()
    for (let position = 0; position <= IDENTIFIERS; position++) outbound.replayOwed(owed(position))
    outbound.restored(Infinity, 0)
    outbound.connected(10)
    const taken: number[] = []
    for (;;) {
      for (const delivery of outbound.unloaded()) delivery.message = {} as never
      const list = takeAll(outbound)
      if (list.length === 0 && outbound.unloaded().length === 0) break
      for (const text of list) {
        const packetId = Number.parseInt(text.slice('publish '.length))
        taken.push(packetId)
        if (packetId !== 1) outbound.acknowledge(packetId)
      }
    }
    expect(taken).toHaveLength(IDENTIFIERS)
    expect(new Set(taken).size).toBe(IDENTIFIERS)
    outbound.acknowledge(1)
    expect(takeAll(outbound)).toEqual(['publish 1:' + owed(0).byteSize])
  })
})
