import { describe, expect, it } from 'vitest'
import { ackPacket } from '../../../support/wire-packets.ts'
import { type ScriptedConnection, turns } from './scripted-broker.ts'
import { clearStage, newClient, openClient, openEngine, scriptedScene, type Subject, versions } from './stage.ts'

const LARGE = 300 * 1024
/** More than loopback sockets take in. */
const MANY = 128

/** Waits until what is written stays where it is: the other side reads no more. */
async function untilStuck({ socket }: ScriptedConnection): Promise<number> {
  for (let waiting = -1; waiting !== socket.writableLength;) {
    waiting = socket.writableLength
    await turns(100)
  }
  return socket.writableLength
}

/** What happens when one side is slower than the other, and when there is much. */
export function describeFlow(subject: Subject): void {
  clearStage()

  describe.each(versions)('of version %i', (version) => {
    it('large payloads arrive whole both ways', async () => {
      const { told, peer } = await scriptedScene(subject, version)
      const payload = Buffer.alloc(LARGE, 'abcdefg')
      for (const qos of [0, 1, 2] as const) told.publish('a', payload, { qos })
      for (let count = 0; count < 3; count++) {
        expect((await peer.next('publish')).bytes.subarray(-LARGE).equals(payload)).toBe(true)
      }
      for (const qos of [0, 1, 2]) peer.send(peer.publish('a', payload.toString(), { qos, packetId: qos }))
      for (const message of await told.messages(3)) expect(payload.equals(message.payload)).toBe(true)
    })

    it('pauseReading() holds the broker back, and resumeReading() brings all in order', async () => {
      const { told, peer } = await scriptedScene(subject, version)
      told.onTold = ({ event }) => {
        if (event === 'received') told.pauseReading()
      }
      peer.send(peer.publish('a', 'first'))
      await told.nextMessage()
      told.onTold = () => {}
      const filler = 'x'.repeat(LARGE)
      for (let index = 0; index < MANY; index++) peer.send(peer.publish(`a/${index}`, filler))
      expect(await untilStuck(peer)).toBeGreaterThan(10 * LARGE)
      expect(await told.messages(1)).toHaveLength(1)
      told.publish('b', 'it still sends')
      await peer.next('publish')
      told.resumeReading()
      const topics = (await told.messages(MANY + 1)).map(({ topic, payload }) => `${topic} ${payload.length}`)
      expect(topics.slice(1)).toEqual(Array.from({ length: MANY }, (_, index) => `a/${index} ${LARGE}`))
    })

    it('publish() says when the socket takes no more, and writable() when it does again', async () => {
      const { told, peer } = await scriptedScene(subject, version)
      peer.socket.pause()
      const payload = Buffer.alloc(16 * 1024)
      let count = 1
      while (told.publish('a', payload)) {
        await turns(3) // the sockets in between take in much
        if (++count > 2000) throw new Error('it never says so')
      }
      expect(told.publish('a', 'taken all the same')).toBe(false)
      await turns(20)
      expect(told.log.map(({ event }) => event)).toEqual(['connected'])
      peer.socket.resume()
      await told.next('writable')
      expect(told.publish('a', 'x')).toBe(true)
      for (let index = 0; index < count + 2; index++) await peer.next('publish')
      expect(told.log.filter(({ event }) => event === 'writable')).toHaveLength(1)
    })

    it.each([0, 1, 2] as const)('1,000 messages of QoS %i each way keep their order', async (qos) => {
      const { told, peer } = await scriptedScene(subject, version)
      peer.onPacket = ({ kind, packetId }) => {
        if (kind === 'publish' && qos > 0) peer.send(ackPacket(qos === 1 ? 'puback' : 'pubrec', packetId))
        else if (kind === 'pubrel') peer.send(ackPacket('pubcomp', packetId))
      }
      const numbers = Array.from({ length: 1000 }, (_, index) => String(index))
      for (const number of numbers) {
        told.publish('a', `#${number}`, { qos, token: Number(number) })
        peer.send(peer.publish('a', number, { qos, packetId: Number(number) + 1 }))
      }
      expect((await told.messages(1000)).map(({ text }) => text)).toEqual(numbers)
      if (qos > 0) expect(await told.acknowledgements(1000)).toEqual(numbers.map((number) => `${number} 0`))
      told.disconnect()
      await peer.rest()
      const sent = peer.packets.filter(({ kind }) => kind === 'publish')
      expect(sent.map(({ bytes }) => bytes.toString().split('#').at(-1))).toEqual(numbers)
    })
  })

  it('two clients of one engine do not disturb each other', async () => {
    const { broker, told, peer } = await scriptedScene(subject, 5)
    const other = newClient(subject, broker.url)
    other.connect({ clientId: 'two', protocolVersion: 5 })
    const otherPeer = await broker.connection()
    otherPeer.accept()
    await other.next('connected')
    const payload = Buffer.alloc(1000, 'a')
    told.publish('a', payload)
    payload.fill('b')
    other.publish('b', payload)
    expect((await peer.next('publish')).bytes.at(-1)).toBe(0x61)
    expect((await otherPeer.next('publish')).bytes.at(-1)).toBe(0x62)
    told.drop()
    await told.next('closed')
    otherPeer.send(otherPeer.publish('c', 'still there'))
    expect((await other.nextMessage()).text).toBe('still there')
  })

  it('close() ends all clients, those under way too', async () => {
    const { broker } = await scriptedScene(subject, 5)
    const engine = openEngine(subject, broker.url)
    const clients = [openClient(engine), openClient(engine), openClient(engine)] as const
    for (const [index, client] of clients.slice(0, 2).entries()) {
      client.connect({ clientId: `c${index}` })
      const peer = await broker.connection()
      if (index === 0) peer.accept()
    }
    await clients[0].next('connected')
    await engine.close()
    for (const client of clients.slice(0, 2)) expect((await client.next('closed')).reason).toBe('dropped')
    expect(clients[2].log).toEqual([])
  })

  it('tells of a port on which nobody listens', async () => {
    const { broker } = await scriptedScene(subject, 5)
    const told = newClient(subject, broker.url)
    broker.close()
    for (let attempt = 0; attempt < 2; attempt++) {
      told.connect({ clientId: 'a' })
      expect((await told.next('closed')).reason).toBe('ECONNREFUSED')
    }
  })

  it('connects from the local address asked for', async () => {
    const { peer } = await scriptedScene(subject, 5, { localAddress: '127.0.0.9' })
    expect(peer.socket.remoteAddress).toBe('127.0.0.9')
  })

  it('drop() before the connection stands is told as any other', async () => {
    const { broker } = await scriptedScene(subject, 5)
    for (const how of ['drop', 'disconnect'] as const) {
      const told = newClient(subject, broker.url)
      told.connect({ clientId: 'a' })
      told[how]()
      await told.next('closed')
      expect(told.log).toEqual([{ event: 'closed', reason: how === 'drop' ? 'dropped' : 'disconnected' }])
    }
  })

  it('does not mind calls without a connection', () => {
    const told = newClient(subject, 'mqtt://127.0.0.1:1')
    for (const call of ['drop', 'disconnect', 'freeze', 'stopPinging', 'pauseReading', 'resumeReading'] as const)
      told[call]()
    expect(told.client.unacknowledged).toBe(0)
  })

  it('refuses a URL that is none of MQTT`s', () => {
    expect(() => openEngine(subject, 'http://127.0.0.1')).toThrow('there is mqtt://, mqtts://, ws:// and wss://')
  })
}
