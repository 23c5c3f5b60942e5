import { describe, expect, it } from 'vitest'
import type { ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import { deliveryOf, play, publishingOf } from '../run/play.ts'

type Buffer = NonNullable<NonNullable<ScenarioInput['fleets']>[string]['buffer']>

/** One device that is away for half a second: about 25 messages are due then. */
function scenarioOf(buffer: Buffer): ScenarioInput {
  const payload = { format: 'fixed', bytes: 90 } as const
  return {
    name: 'buffers',
    fleets: {
      d: {
        count: 1,
        buffer,
        // tells where in what was sent a connection begins
        birth: { topic: 'b/{client}', text: 'here', qos: 0, retain: false },
        messages: { m: { topic: 'm/{client}', qos: 1, every: '20ms', payload } },
        reconnect: { first: '500ms', jitter: 0 },
      },
    },
    subscribers: { all: { filters: ['#'] } },
    phases: [
      { phase: 'hold', lasts: '400ms' },
      { phase: 'storm', lasts: '900ms', away: '500ms', how: 'disconnect' },
    ],
    assertions: ['lost == 0'],
  }
}

/** Numbers of the messages that were sent, in their order. */
async function sentWith(buffer: Buffer) {
  const { report, passed } = await play(scenarioOf(buffer))
  const said = passed.filter(({ direction, mark }) => direction === 'to broker' && mark !== undefined)
  const secondBirth = said.findLastIndex(({ topic }) => topic.startsWith('b/'))
  const numbers = (part: typeof said): number[] =>
    part.filter(({ topic }) => topic.startsWith('m/')).map(({ mark }) => mark?.sequence ?? 0)
  const beforeAway = numbers(said.slice(0, secondBirth)).length
  return { sent: numbers(said), beforeAway, report, row: publishingOf(report, 'd.m') }
}

/** The numbers left out, of a sequence with one gap. */
function gapOf(sent: readonly number[]): { readonly first: number; readonly size: number } {
  const at = sent.findIndex((one, index) => index > 0 && one !== (sent[index - 1] as number) + 1)
  return at < 0
    ? { first: 0, size: 0 }
    : { first: (sent[at - 1] as number) + 1, size: (sent[at] as number) - (sent[at - 1] as number) - 1 }
}

describe.concurrent('what is due while a device is away', () => {
  it('is kept and sent in its order', async () => {
    const { sent, row } = await sentWith({ messages: 1000 })
    expect(sent).toEqual(Array.from({ length: row.due }, (_, index) => index + 1))
    expect(row).toMatchObject({ discarded: 0, sent: row.due })
  })

  it.each<[string, Buffer]>([
    ['discarded', { offline: 'discard' }],
    ['discarded without a buffer', { messages: 0 }],
  ])('is %s, and counted', async (_, buffer) => {
    const { sent, report, row } = await sentWith(buffer)
    const { size } = gapOf(sent)
    expect(size).toBeGreaterThan(20)
    // the first may have been due before the connection stood
    expect(row).toMatchObject({ discarded: row.due - sent.length, sent: sent.length })
    expect(deliveryOf(report, 'd.m', 'all')).toMatchObject({ lost: 0, promised: row.sent, received: row.sent })
  })

  it.each(['drop-oldest', 'drop-newest'] as const)('beyond the buffer: %s', async (whenFull) => {
    const { sent, beforeAway, report, row } = await sentWith({ messages: 10, whenFull })
    const { first, size } = gapOf(sent)
    expect(size).toBeGreaterThan(10)
    // the first may have been due before the connection stood
    expect(row).toMatchObject({ discarded: row.due - sent.length, sent: sent.length })
    expect(deliveryOf(report, 'd.m', 'all').lost).toBe(0)
    // ten are kept: the last ones due while away, or the first ones
    expect(first).toBe(beforeAway + (whenFull === 'drop-oldest' ? 1 : 11))
  })
})
