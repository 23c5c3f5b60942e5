import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Delivery } from '../../src/session/delivery.ts'
import { Outbound, type OutboundLimits, type QueueDropReason } from '../../src/session/outbound.ts'
import { deliveryOf, type DeliveryShape, OutboundModel, packetIdAt } from './outbound-model.ts'

/** The real thing with what it dropped. */
interface Real {
  readonly outbound: Outbound
  readonly dropped: (readonly [Delivery, QueueDropReason])[]
}

type Command = fc.Command<OutboundModel, Real>

/** A command that runs on both and finds both in the same state. */
function command(title: string, run: (model: OutboundModel, outbound: Outbound) => void, check = canAlways): Command {
  return {
    check: (model) => check(model),
    run(model, { outbound, dropped }) {
      run(model, outbound)
      expect(outbound.inflight).toBe(model.inflight)
      expect(outbound.queuedMessages).toBe(model.kept.length)
      expect(outbound.queuedBytes).toBe(model.keptBytes)
      expect(outbound.lastPosition).toBe(model.nextPosition - 1)
      expect(outbound.isWaitingForCommit).toBe(model.isWaitingForCommit)
      expect(outbound.sendQuota).toBe(model.sendQuota)
      expect(outbound.waitingMessages).toBeGreaterThanOrEqual(model.waiting)
      expect(outbound.pending).toBeGreaterThanOrEqual(model.owed.length)
      expect(outbound.pending).toBeLessThanOrEqual(model.span + 1)
      expect(dropped.length).toBe(model.dropped.length)
      for (const [index, [delivery, reason]] of dropped.entries()) {
        expect(delivery).toBe(model.dropped[index]?.[0])
        expect(reason).toBe(model.dropped[index]?.[1])
      }
    },
    toString: () => title,
  }
}

function canAlways(): boolean {
  return true
}

/** Positions that ended are stepped over by the next `take`; then nothing waits any more. */
function stepOverEnded(model: OutboundModel, outbound: Outbound): void {
  if (model.waiting > 0) expect(outbound.hasWaiting).toBe(true)
  else if (outbound.hasWaiting) {
    expect(outbound.take(model.nowMs, model.durableCommit)).toBe('nothing')
    model.take()
    expect(outbound.hasWaiting).toBe(false)
  }
}

function admit(qos: 1 | 2, shape: DeliveryShape | undefined): Command {
  return command(`admit QoS ${qos}, ${shape === undefined ? 'not kept' : 'kept'}`, (model, outbound) => {
    stepOverEnded(model, outbound)
    const { canAdmit } = outbound
    const packetId = outbound.admit(qos)
    expect(packetId).toBe(model.admit(qos))
    expect(canAdmit).toBe(packetId > 0)
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
    expect(outbound.enqueue(delivery)).toBe(model.enqueue(delivery))
  })
}

/** Takes up to `count` messages; `then` is what the sender does with each. */
function take(count: number, then: 'send' | 'discard' | 'forget'): Command {
  return command(`take ${count} and ${then}`, (model, outbound) => {
    for (let turn = 0; turn < count; turn++) {
      const { taken, one, isDup } = model.take()
      expect(outbound.take(model.nowMs, model.durableCommit)).toBe(taken)
      if (one === undefined) return
      expect(outbound.takenPosition).toBe(one.position)
      expect(outbound.takenPacketId).toBe(one.qos === 0 ? 0 : packetIdAt(one.position))
      if (taken === 'pubrel') continue
      expect(outbound.takenDelivery).toBe(one.delivery)
      expect(outbound.takenDup).toBe(isDup)
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
  // what is sent and not kept cannot be sent again: such a session does not outlive its connection
  const isKept = (model: OutboundModel): boolean =>
    model.owed.every((one) => one.state === 'released' || one.delivery !== undefined)
  return command(`connected with ${sendQuota}`, (model, outbound) => {
    model.connected(sendQuota)
    outbound.connected(sendQuota)
  }, isKept)
}

const disconnected = command('disconnected', (model, outbound) => {
  model.sendQuota = 0
  outbound.disconnected()
})

const clear = command('clear', (model, outbound) => {
  const left: (readonly [Delivery, boolean])[] = []
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
  const isOpen = (model: OutboundModel): boolean =>
    model.waiting === 0 && model.inflight < model.sendQuota && model.span < 150_000
  return command(`rush of ${count}`, (model, outbound) => {
    stepOverEnded(model, outbound)
    for (let turn = 0; turn < count; turn++) {
      const packetId = outbound.admit(1)
      const position = outbound.acknowledge(packetId)
      if (packetId !== model.admit(1) || position !== model.acknowledge(packetId)) expect.fail(`identifier ${packetId}`)
    }
  }, isOpen)
}

const shape = fc.record({
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
  byteSize: fc.oneof({ weight: 8, arbitrary: fc.nat(30) }, { weight: 1, arbitrary: fc.integer({ min: 100, max: 250 }) }),
  expiresAtMs: fc.oneof({ weight: 3, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: fc.integer({ min: 900, max: 2500 }) }),
  commit: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }) }),
})
const qos = fc.constantFrom(1 as const, 2 as const)
const answers = fc.constantFrom('acknowledge' as const, 'received' as const, 'refused' as const, 'completed' as const)
const common = [
  fc.tuple(qos, shape).map(([one, kept]) => admit(one, kept)),
  fc.tuple(qos, shape).map(([one, kept]) => admit(one, kept)),
  shape.map(enqueue),
  shape.map(enqueue),
  shape.map(enqueue),
  fc.tuple(fc.nat(4), fc.constantFrom('send' as const, 'send' as const, 'discard' as const)).map(([count, then]) => take(count, then)),
  fc.constant(take(100, 'send')),
  fc.tuple(answers, fc.nat(12)).map(([kind, index]) => answer(kind, index)),
  fc.tuple(answers, fc.nat(12)).map(([kind, index]) => answer(kind, index)),
  fc.tuple(answers, fc.nat(12)).map(([kind, index]) => answer(kind, index)),
  fc.oneof(fc.nat(4), fc.constant(65_535)).map(connected),
  qos.map(discardAdmitted),
  fc.constant(disconnected),
  fc.constant(clear),
  fc.nat(400).map(pass),
  fc.constant(commit),
]
const unkept = [qos.map((one) => admit(one, undefined)), fc.nat(4).map((count) => take(count, 'forget'))]

const limits = fc.record({
  maximumQueuedMessages: fc.constantFrom(1, 3, 8, 1000),
  maximumQueuedBytes: fc.constantFrom(20, 100, 200, 100_000),
  queueFullPolicy: fc.constantFrom('drop-oldest' as const, 'drop-oldest' as const, 'drop-newest' as const, 'disconnect' as const),
})
/** At the beginning, before identifiers wrap, and where positions no longer fit 31 and 32 bits. */
const start = fc.constantFrom(0, 65_532, 3 * 65_535 - 2, 2 ** 31 - 3, 2 ** 32 - 3)

function check(chosen: OutboundLimits, startPosition: number, commands: Iterable<Command>): void {
  fc.modelRun(() => {
    const dropped: Real['dropped'] = []
    const outbound = new Outbound(chosen, (delivery, reason) => dropped.push([delivery, reason]))
    outbound.head = outbound.cursor = outbound.firstQueued = outbound.tail = startPosition
    return { model: new OutboundModel(chosen, startPosition), real: { outbound, dropped } }
  }, [...commands, ...[disconnected, connected(65_535), clear]])
}

it('does what a list does, for a session that is resumed', () => {
  fc.assert(
    fc.property(limits, start, fc.commands(common, { maxCommands: 80 }), check),
    { numRuns: 400 },
  )
})

it('does what a list does, for a session that ends with its connection and keeps nothing it has sent', () => {
  fc.assert(
    fc.property(limits, start, fc.commands([...common, ...unkept], { maxCommands: 80 }), check),
    { numRuns: 200 },
  )
})

it('does what a list does while identifiers wrap round messages that stay unacknowledged [MQTT5-2.2.1-4]', () => {
  const rushes = fc.oneof(fc.integer({ min: 65_500, max: 65_540 }), fc.integer({ min: 1, max: 131_100 })).map(rush)
  fc.assert(
    fc.property(limits, start, fc.commands([...common, rushes, rushes, fc.constant(connected(65_535))], { maxCommands: 40 }), check),
    { numRuns: 60 },
  )
})
