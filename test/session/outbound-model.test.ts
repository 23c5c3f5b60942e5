import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Owed } from '../../src/session/delivery.ts'
import { Outbound } from '../../src/session/outbound.ts'
import type { OutboundLimits } from '../../src/session/queue-bounds.ts'
import { deliveryOf, type DeliveryShape, type Dropped, OutboundModel, packetIdAt } from './outbound-model.ts'

/** The real thing with what it dropped. */
interface Real {
  readonly outbound: Outbound
  readonly dropped: Dropped[]
}

type Command = fc.Command<OutboundModel, Real>

/** A command that runs on both and finds both in the same state. */
function command(
  title: string,
  run: (model: OutboundModel, outbound: Outbound) => void,
  canRun: (model: Readonly<OutboundModel>) => boolean = () => true,
): Command {
  return {
    check: (model) => canRun(model),
    run(model, { outbound, dropped }) {
      run(model, outbound)
      expectSame('inflight', outbound.inflight, model.inflight)
      expectSame('queuedMessages', outbound.queuedMessages, model.kept.length)
      expectSame('queuedBytes', outbound.queuedBytes, model.keptBytes)
      expectSame('lastPosition', outbound.lastPosition, model.nextPosition - 1)
      expectSame('isWaitingForCommit', outbound.isWaitingForCommit, model.isWaitingForCommit)
      expectSame('sendQuota', outbound.sendQuota, model.sendQuota)
      expectSame('waitingMessages', outbound.waitingMessages >= model.waiting, true)
      expectSame('pending', outbound.pending >= model.owed.length, true)
      expectSame('dropped', dropped.length, model.dropped.length)
      for (const [index, [delivery, reason, position]] of dropped.entries()) {
        expectSame(`dropped ${index}`, delivery, model.dropped[index]?.[0])
        expectSame(`dropped ${index}, reason`, reason, model.dropped[index]?.[1])
        expectSame(`dropped ${index}, position`, position, model.dropped[index]?.[2])
      }
    },
    toString: () => title,
  }
}

/** `expect` takes its time, and these are compared half a million times. */
function expectSame(name: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) expect.fail(`${name} is ${String(actual)} and not ${String(expected)}`)
}

/** Positions that ended are stepped over by the next `take`; then nothing waits any more. */
function stepOverEnded(model: OutboundModel, outbound: Outbound): void {
  if (model.waiting > 0) {
    expect(outbound.hasWaiting).toBe(true)
    return
  }
  if (outbound.hasWaiting) {
    expect(outbound.take(model.nowMs, model.durableCommit)).toBe('nothing')
    model.take()
    expect(outbound.hasWaiting).toBe(false)
  }
  // gaps that messages have left count until they are closed
  expect(outbound.pending).toBeLessThanOrEqual(model.span)
}

function admit(qos: 1 | 2, shape: DeliveryShape | undefined): Command {
  return command(`admit QoS ${qos}, ${shape === undefined ? 'not kept' : 'kept'}`, (model, outbound) => {
    stepOverEnded(model, outbound)
    const { hasSpareQuota } = outbound
    const byteSize = shape?.byteSize ?? 7
    const packetId = outbound.admit(qos, byteSize)
    expect(packetId).toBe(model.admit(qos, byteSize))
    if (packetId > 0) expect(hasSpareQuota).toBe(true)
    if (packetId === 0 || shape === undefined) return
    const delivery = deliveryOf({ ...shape, qos })
    model.keep(delivery)
    outbound.keep(delivery)
  })
}

function discardAdmitted(qos: 1 | 2): Command {
  return command(`admit QoS ${qos} and discard`, (model, outbound) => {
    stepOverEnded(model, outbound)
    if (model.admit(qos) === 0) return
    outbound.admit(qos)
    model.discard(model.nextPosition - 1)
    outbound.discard(outbound.lastPosition)
  })
}

function enqueue(shape: DeliveryShape): Command {
  return command(`enqueue ${JSON.stringify(shape)}`, (model, outbound) => {
    const delivery = deliveryOf(shape)
    expect(outbound.enqueue(delivery, false)).toBe(model.enqueue(delivery))
  })
}

/** Takes up to `count` messages; `then` is what the sender does with each. */
function take(count: number, then: 'send' | 'discard' | 'forget'): Command {
  return command(`take ${count} and ${then}`, (model, outbound) => {
    for (let turn = 0; turn < count; turn++) {
      const { taken, one, isDup } = model.take()
      expectSame('take', outbound.take(model.nowMs, model.durableCommit), taken)
      if (one === undefined) return
      expectSame('takenPosition', outbound.takenPosition, one.position)
      expectSame('takenPacketId', outbound.takenPacketId, one.qos === 0 ? 0 : packetIdAt(one.position))
      if (taken === 'pubrel') continue
      expectSame('takenDelivery', outbound.takenDelivery, one.delivery)
      expectSame('takenDup', outbound.takenDup, isDup)
      if (then === 'discard') {
        model.discard(one.position)
        outbound.discard(outbound.takenPosition)
      } else if (then === 'forget') {
        one.delivery = undefined
        outbound.forgetTaken()
      }
    }
  })
}

function answer(kind: 'acknowledge' | 'received' | 'refused' | 'completed', index: number): Command {
  return command(`${kind} #${index}`, (model, outbound) => {
    const one = model.owed[index % (model.owed.length + 1)]
    const packetId = one === undefined ? (index % 65_535) + 1 : packetIdAt(one.position)
    expect(outbound[kind](packetId)).toBe(model[kind](packetId))
  })
}

function connected(sendQuota: number): Command {
  return command(
    `connected with ${sendQuota}`,
    (model, outbound) => {
      model.connected(sendQuota)
      outbound.connected(sendQuota)
    },
    // what is sent and not kept cannot be sent again: such a session does not outlive its connection
    (model) => model.owed.every((one) => one.state === 'released' || one.delivery !== undefined),
  )
}

const disconnected = command('disconnected', (model, outbound) => {
  model.sendQuota = 0
  outbound.disconnected(false)
})

const clear = command('clear', (model, outbound) => {
  const left: (readonly [Owed, boolean])[] = []
  outbound.clear((delivery, wasSent) => left.push([delivery, wasSent]))
  const expected = model.clear()
  expect(left.map(([, wasSent]) => wasSent)).toEqual(expected.map(([, wasSent]) => wasSent))
  for (const [index, [delivery]] of left.entries()) expect(delivery).toBe(expected[index]?.[0])
  expect(outbound.pending).toBe(0)
})

function pass(byMs: number): Command {
  return command(`${byMs} ms pass`, (model) => {
    model.nowMs += byMs
  })
}

const commit = command('commit', (model) => {
  model.durableCommit++
})

/** Many messages that are acknowledged at once, so that identifiers wrap while a few stay in use. */
function rush(count: number): Command {
  return command(
    `rush of ${count}`,
    (model, outbound) => {
      stepOverEnded(model, outbound)
      for (let turn = 0; turn < count; turn++) {
        const packetId = outbound.admit(1)
        if (packetId !== model.admit(1)) expect.fail(`identifier ${packetId}`)
        const position = outbound.acknowledge(packetId)
        if (position !== model.acknowledge(packetId)) expect.fail(`position ${position}`)
      }
    },
    (model) => model.waiting === 0 && !model.isFlightFull && model.span < 150_000,
  )
}

const shape = fc.record({
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
  byteSize: rarely(fc.nat(30), fc.integer({ min: 100, max: 250 })),
  expiresAtMs: rarely(fc.constant(Infinity), fc.integer({ min: 900, max: 2500 })),
  commit: rarely(fc.constant(0), fc.integer({ min: 1, max: 5 })),
})
const qos = fc.constantFrom(1 as const, 2 as const)
const admitted = fc.tuple(qos, shape).map(([one, kept]) => admit(one, kept))
const answers = ['acknowledge', 'received', 'refused', 'completed'] as const
const answered = fc.tuple(fc.constantFrom(...answers), fc.nat(12)).map(([kind, index]) => answer(kind, index))
const taken = fc
  .tuple(fc.nat(4), fc.constantFrom('send' as const, 'send' as const, 'discard' as const))
  .map(([count, then]) => take(count, then))
const queued = shape.map(enqueue)
const common = [
  admitted,
  admitted,
  queued,
  queued,
  queued,
  taken,
  answered,
  answered,
  answered,
  fc.constant(take(100, 'send')),
  fc.oneof(fc.nat(4), fc.constant(65_535)).map(connected),
  qos.map(discardAdmitted),
  fc.nat(400).map(pass),
  fc.constantFrom(disconnected, clear, commit),
]
const unkept = [qos.map((one) => admit(one, undefined)), fc.nat(4).map((count) => take(count, 'forget'))]
const rushes = fc.oneof(fc.integer({ min: 65_500, max: 65_540 }), fc.integer({ min: 1, max: 131_100 })).map(rush)

const limits = fc.record({
  maximumQueuedMessages: fc.constantFrom(1, 3, 8, 1000),
  queueCountsInflight: fc.boolean(),
  maximumQueuedBytes: fc.constantFrom(20, 100, 200, 100_000),
  maximumInflightBytes: fc.constantFrom(0, 0, 1, 25),
  maximumQueuedAgeSeconds: fc.constant(0),
  maximumQueuedMessagesTotal: fc.constant(0),
  maximumQueuedBytesTotal: fc.constant(0),
  queueFullPolicy: fc.constantFrom<OutboundLimits['queueFullPolicy'][]>('drop-oldest', 'drop-newest', 'disconnect'),
})
/** At the beginning, before identifiers wrap, and where positions no longer fit 31 and 32 bits. */
const start = fc.constantFrom(0, 65_532, 3 * 65_535 - 2, 2 ** 31 - 3, 2 ** 32 - 3)

function rarely<T, U>(mostly: fc.Arbitrary<T>, seldom: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 5, arbitrary: mostly }, { weight: 1, arbitrary: seldom })
}

function checkRun(chosen: OutboundLimits, startPosition: number, commands: Iterable<Command>): void {
  fc.modelRun(() => {
    const dropped: Dropped[] = []
    const totals = { queuedMessages: 0, queuedBytes: 0 }
    const outbound = new Outbound(chosen, totals, (...one) => dropped.push(one))
    outbound.nextPosition = startPosition
    return { model: new OutboundModel(chosen, startPosition), real: { outbound, dropped } }
  }, [...commands, clear])
}

it('does what a list does, for a session that is resumed', () => {
  fc.assert(fc.property(limits, start, fc.commands(common, { maxCommands: 100, size: 'max' }), checkRun), {
    numRuns: 300,
  })
})

it('does what a list does, for a session that ends with its connection and keeps nothing it has sent', () => {
  const commands = fc.commands([...common, ...unkept], { maxCommands: 100, size: 'max' })
  fc.assert(fc.property(limits, start, commands, checkRun), { numRuns: 100 })
})

it('does what a list does while identifiers wrap round messages that stay unacknowledged [MQTT5-2.2.1-4]', () => {
  const open = fc.constant(connected(65_535))
  const commands = fc.commands([admitted, admitted, queued, answered, taken, open, rushes, rushes], {
    maxCommands: 40,
    size: 'max',
  })
  fc.assert(fc.property(limits, start, commands, checkRun), { numRuns: 20 })
})
