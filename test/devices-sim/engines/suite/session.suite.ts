import { describe, expect, it } from 'vitest'
import { ackPacket, publishPacket } from '../../../support/wire-packets.ts'
import type { ScriptedBroker, ScriptedConnection } from './scripted-broker.ts'
import { clearStage, scriptedScene, type Subject, versions } from './stage.ts'
import type { ToldClient } from './told-client.ts'

const kept = { cleanStart: false, sessionExpiryInterval: 300 } as const

interface Left {
  readonly broker: ScriptedBroker
  readonly told: ToldClient
  /** Packet identifiers of a QoS 1, a QoS 2, a QoS 2 that got its PUBREC, and another QoS 1. */
  readonly packetIds: readonly number[]
}

/** A client with tokens 1 to 4 unacknowledged, whose connection was dropped. */
async function leftWithFour(subject: Subject, version: 4 | 5): Promise<Left> {
  const { broker, told, peer } = await scriptedScene(subject, version, kept)
  const packetIds: number[] = []
  for (const [index, qos] of ([1, 2, 2, 1] as const).entries()) {
    told.publish('a', `m${index + 1}`, { qos, token: index + 1 })
    packetIds.push((await peer.next('publish')).packetId)
  }
  peer.send(ackPacket('pubrec', packetIds[2] as number))
  await peer.next('pubrel')
  await told.dropped()
  return { broker, told, packetIds }
}

async function comeBack({ broker, told }: Left, version: 4 | 5, sessionPresent: boolean): Promise<ScriptedConnection> {
  told.connect({ clientId: 'one', protocolVersion: version, ...kept })
  const peer = await broker.connection()
  peer.accept({ sessionPresent })
  expect(await told.next('connected')).toMatchObject({ sessionPresent })
  return peer
}

/** What belongs to a session and outlives connections. */
export function describeSessions(subject: Subject): void {
  clearStage()

  describe.each(versions)('of version %i', (version) => {
    it('with a session present sends again what is unacknowledged: in order, with DUP and its packet identifier', async () => {
      const left = await leftWithFour(subject, version)
      const [one, two, three, four] = left.packetIds as [number, number, number, number]
      expect(left.told.client.unacknowledged).toBe(4)
      const peer = await comeBack(left, version, true)
      const again = (text: string, qos: number, packetId: number): Buffer =>
        publishPacket(version, 'a', text, { qos, packetId, dup: true }) as Buffer
      expect((await peer.next('publish')).bytes).toEqual(again('m1', 1, one))
      expect((await peer.next('publish')).bytes).toEqual(again('m2', 2, two))
      expect((await peer.next('pubrel')).packetId).toBe(three)
      expect((await peer.next('publish')).bytes).toEqual(again('m4', 1, four))
      expect(left.told.client.unacknowledged).toBe(4)

      peer.send(
        ackPacket('puback', one),
        ackPacket('pubrec', two),
        ackPacket('pubcomp', three),
        ackPacket('puback', four),
      )
      await peer.next('pubrel')
      peer.send(ackPacket('pubcomp', two))
      expect(await left.told.acknowledgements(4)).toEqual(['1 0', '3 0', '4 0', '2 0'])
      expect(left.told.client.unacknowledged).toBe(0)
    })

    it('sends it again a second time if that connection breaks too', async () => {
      const left = await leftWithFour(subject, version)
      const first = await comeBack(left, version, true)
      for (const kind of ['publish', 'publish', 'pubrel', 'publish'] as const) await first.next(kind)
      first.send(ackPacket('puback', left.packetIds[0] as number))
      expect(await left.told.acknowledgements(1)).toEqual(['1 0'])
      await left.told.dropped()
      const second = await comeBack(left, version, true)
      expect(await second.next('publish')).toMatchObject({ dup: true, packetId: left.packetIds[1] })
      expect((await second.next('pubrel')).packetId).toBe(left.packetIds[2])
      expect(await second.next('publish')).toMatchObject({ dup: true, packetId: left.packetIds[3] })
    })

    it('with a session present sends new messages behind, under other packet identifiers', async () => {
      const left = await leftWithFour(subject, version)
      left.told.onTold = ({ event }) => {
        if (event === 'connected') for (const qos of [0, 1] as const) left.told.publish('a', 'new', { qos, token: 5 })
      }
      const peer = await comeBack(left, version, true)
      for (const kind of ['publish', 'publish', 'pubrel', 'publish'] as const) await peer.next(kind)
      expect(await peer.next('publish')).toMatchObject({ packetId: 0, dup: false })
      const { packetId, dup } = await peer.next('publish')
      expect(dup).toBe(false)
      expect(left.packetIds).not.toContain(packetId)
      peer.send(ackPacket('puback', packetId))
      expect(await left.told.acknowledgements(1)).toEqual(['5 0'])
    })

    it('without a session present forgets what was unacknowledged and never tells of it', async () => {
      const left = await leftWithFour(subject, version)
      const peer = await comeBack(left, version, false)
      expect(left.told.client.unacknowledged).toBe(0)
      for (const packetId of left.packetIds) peer.send(ackPacket('puback', packetId))
      peer.send(peer.publish('end', ''))
      await left.told.nextMessage()
      await left.told.dropped()
      expect(await peer.rest()).toEqual([])
      expect(left.told.log.filter(({ event }) => event === 'acknowledged')).toEqual([])
    })

    it('remembers QoS 2 that came as long as the session does', async () => {
      const { broker, told, peer } = await scriptedScene(subject, version, kept)
      const fields = { qos: 2, packetId: 4 }
      peer.send(peer.publish('a', 'x', fields))
      await peer.next('pubrec')
      await told.dropped()
      const second = await comeBack({ broker, told, packetIds: [] }, version, true)
      second.send(second.publish('a', 'x', { ...fields, dup: true }))
      await second.next('pubrec')
      expect(await told.messages(1)).toHaveLength(1)
      await told.dropped()
      const third = await comeBack({ broker, told, packetIds: [] }, version, false)
      third.send(third.publish('a', 'y', fields))
      await third.next('pubrec')
      expect((await told.messages(2)).map(({ text }) => text)).toEqual(['x', 'y'])
    })

    it('two clients of one engine have sessions of their own', async () => {
      const one = await leftWithFour(subject, version)
      const { told, peer } = await scriptedScene(subject, version, kept, { sessionPresent: true })
      await told.dropped()
      expect(await peer.rest()).toEqual([])
      expect([one.told.client.unacknowledged, told.client.unacknowledged]).toEqual([4, 0])
    })
  })
}
