import { describe, expect, it } from 'vitest'
import {
  connectPacket,
  disconnectPacket,
  hex,
  joined,
  packet,
  pingreqPacket,
  publishPacket,
} from '../support/wire-packets.ts'
import { property } from '../support/wire-properties.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(5)

describe('PINGREQ', () => {
  it('[MQTT5-3.12.4-1] gets PINGRESP', async () => {
    const client = await broker.client()
    client.send(pingreqPacket, pingreqPacket)
    for (let count = 0; count < 2; count++) {
      expect([...(await client.next('pingresp')).raw]).toEqual([0xd0, 0])
    }
  })

  it.each(['c0 01 00', 'c1 00'])('[MQTT5-U-3.12-a] %s is malformed', async (bytes) => {
    const client = await broker.client()
    client.send(hex(bytes))
    await expectClosed(client, 0x81)
  })
})

// What each closed connection receives after the broker's DISCONNECT is a violation to the test client.
describe('a DISCONNECT of the broker', () => {
  const violations: [title: string, bytes: Uint8Array, codes: number[]][] = [
    ['malformed', hex('c1 00'), [0x81]],
    ['Protocol Error', publishPacket(5, '', 'x'), [0x82]],
    ['a second CONNECT', connectPacket(5), [0x82]],
    ['a reserved packet type', hex('00 00'), [0x81, 0x82]],
  ]
  it.each(violations)(
    '[MQTT5-4.13.1-1] [MQTT5-4.13.2-1] [MQTT5-3.14.4-1] [MQTT5-3.14.4-2] [MQTT5-3.14.2-1] [MQTT5-3.14.2-2] %s',
    async (_title, bytes, codes) => {
      const topicName = unique('after')
      const watcher = await broker.client()
      await watcher.subscribe(topicName)
      const client = await broker.client()
      client.send(bytes, publishPacket(5, topicName, 'x'), pingreqPacket)
      const closing = await expectClosed(client, ...codes)
      expect(closing.last?.properties.sessionExpiryInterval).toBeUndefined()
      expect(client.received.filter((one) => one.kind === 'pingresp')).toEqual([])
      expect(await watcher.rest()).toEqual([]) // what follows the violation takes no effect
    },
  )

  it('[MQTT5-4.13.1-1] leaves other connections alone', async () => {
    const [bad, good] = [await broker.client(), await broker.client()]
    bad.send(hex('ff ff ff ff ff'))
    await bad.closed()
    await good.barrier()
  })
})

describe('a DISCONNECT of the client', () => {
  const forms: [string, Uint8Array][] = [
    ['e0 00', disconnectPacket()],
    ['e0 01 00', disconnectPacket(0)],
    ['e0 02 00 00', disconnectPacket(0, {})],
    ['with properties', disconnectPacket(0, { reasonString: 'bye', userProperties: [['a', 'b']] })],
  ]
  it.each(forms)('[MQTT5-3.14.4-2] %s closes the connection without an answer', async (_name, bytes) => {
    const client = await broker.client()
    client.send(bytes)
    expect((await client.closed()).reasonCode).toBeUndefined()
  })

  it('[MQTT5-3.14.4-1] comes after what was sent before it, and before nothing', async () => {
    const topicName = unique('last-words')
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    const client = await broker.client()
    client.send(publishPacket(5, topicName, 'before'), disconnectPacket(), publishPacket(5, topicName, 'after'))
    await client.closed()
    expect(await watcher.restOfPayloads()).toEqual(['before'])
  })

  const refused: [title: string, bytes: Uint8Array, codes: number[]][] = [
    ['[MQTT5-3.14.1-1] reserved flags', hex('e1 00'), [0x81]],
    ['[MQTT5-3.14.2-1] code 0xff', hex('e0 01 ff'), [0x81, 0x82]],
    ['[MQTT5-3.14.2-1] code 0x8d, of the server only', hex('e0 01 8d'), [0x81, 0x82]],
    ['[MQTT5-U-3.14.2-b] Session Expiry after none', disconnectPacket(0, { sessionExpiryInterval: 5 }), [0x82]],
    ['[MQTT5-U-2.2.2-a] Server Reference', disconnectPacket(0, { serverReference: 's' }), [0x81, 0x82]],
    [
      '[MQTT5-U-2.2.2-b] Session Expiry twice',
      packet(0xe0, [0, 10], property('sessionExpiryInterval', 0), property('sessionExpiryInterval', 0)),
      [0x82],
    ],
    [
      '[MQTT5-U-2.2.2-b] Reason String twice',
      disconnectPacket(0, joined(property('reasonString', ''), property('reasonString', ''))),
      [0x82],
    ],
  ]
  it.each(refused)('closes as an error: %s', async (_title, bytes, codes) => {
    const client = await broker.client()
    client.send(bytes)
    const closing = await client.closed()
    // A DISCONNECT in answer to a DISCONNECT is a courtesy, not a duty.
    if (closing.reasonCode !== undefined) expect(codes).toContain(closing.reasonCode)
  })

  it('[MQTT5-U-3.14.2-b] raising Session Expiry from 0 ends the session', async () => {
    const clientId = unique('raised')
    const client = await broker.client({ clientId, properties: { sessionExpiryInterval: 0 } })
    await client.disconnect(0, { sessionExpiryInterval: 60 })
    expect((await broker.client({ clientId, cleanStart: false })).connack.sessionPresent).toBe(false)
  })
})

describe('a stop of the broker', () => {
  const stopping = useBroker(5)

  it('[MQTT5-4.13.2-1] [MQTT5-3.14.2-1] [MQTT5-3.14.2-2] tells its clients and closes', async () => {
    const client = await stopping.client()
    await stopping.stop()
    await expectClosed(client, 0x8b)
  })
})
