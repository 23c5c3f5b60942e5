import { describe, expect, it } from 'vitest'
import {
  ackPacket,
  connectPacket,
  disconnectPacket,
  hex,
  publishPacket,
  subscribePacket,
  type PublishFields,
} from '../../../support/wire-packets.ts'
import { turns } from './scripted-broker.ts'
import { clearStage, newClient, scriptedScene, startScripted, type Subject, versions } from './stage.ts'

const refusals: Readonly<Record<4 | 5, readonly (readonly [code: number, words: string])[]>> = {
  4: [
    [1, 'unacceptable protocol version'],
    [2, 'client identifier not valid'],
    [3, 'server unavailable'],
    [4, 'bad user name or password'],
    [5, 'not authorized'],
  ],
  5: [
    [0x80, 'unspecified error'],
    [0x84, 'unsupported protocol version'],
    [0x85, 'client identifier not valid'],
    [0x86, 'bad user name or password'],
    [0x87, 'not authorized'],
    [0x88, 'server unavailable'],
    [0x89, 'server busy'],
    [0x8a, 'banned'],
    [0x8c, 'bad authentication method'],
    [0x95, 'packet too large'],
    [0x97, 'quota exceeded'],
    [0x9c, 'use another server'],
    [0x9d, 'server moved'],
    [0x9f, 'connection rate exceeded'],
  ],
}

/** Bytes that no broker may send. */
const unreadable = [
  ['a PUBLISH of QoS 3', hex('36 05 00 01 61 00 01')],
  ['a PUBREL without its flags', hex('60 02 00 01')],
  ['a length of five bytes', hex('30 ff ff ff ff 01')],
] as const

/** What an engine puts on the wire and makes of what comes off it. */
export function describeWire(subject: Subject): void {
  clearStage()

  describe.each(versions)('in front of a scripted broker of version %i', (version) => {
    it('sends CONNECT as asked', async () => {
      const broker = await startScripted(version)
      const told = newClient(subject, broker.url)
      const willTopic = 'wills/ü'
      const will = {
        topic: willTopic,
        payload: Buffer.from('gone'),
        qos: 1,
        retain: true,
        delay: 7,
        mark: 'm',
      } as const
      told.connect({
        clientId: 'gerät-1',
        protocolVersion: version,
        cleanStart: false,
        sessionExpiryInterval: 60,
        keepAlive: 30,
        userName: 'name',
        password: 'pass',
        will,
      })
      const peer = await broker.connection()
      const fields = { clientId: 'gerät-1', cleanStart: false, keepAlive: 30, userName: 'name', password: 'pass' }
      const properties = version === 5 ? { properties: { sessionExpiryInterval: 60 } } : {}
      const willFields = {
        topicName: willTopic,
        payload: 'gone',
        qos: 1,
        retain: true,
        ...(version === 5 && {
          properties: { willDelayInterval: 7, userProperties: [['sim', 'm'] as [string, string]] },
        }),
      }
      const expected = connectPacket(version, { ...fields, ...properties, will: willFields })
      expect(peer.packets[0]?.bytes).toEqual(expected)
    })

    it('asks for a session that ends with its connection, if none shall be kept', async () => {
      const broker = await startScripted(version)
      const told = newClient(subject, broker.url)
      told.connect({ clientId: 'a', protocolVersion: version, cleanStart: false })
      const peer = await broker.connection()
      // 3.1.1 has one flag for both
      expect(peer.packets[0]?.bytes).toEqual(connectPacket(version, { clientId: 'a', cleanStart: version === 4 }))
    })

    it.each(refusals[version])('tells of a refusal with code %i: %s', async (code, words) => {
      const broker = await startScripted(version)
      const told = newClient(subject, broker.url)
      told.connect({ clientId: 'a', protocolVersion: version })
      const peer = await broker.connection()
      peer.send(peer.connack(code))
      await told.next('closed')
      expect(told.log).toEqual([{ event: 'closed', reason: `refused: ${words}` }])
    })

    it('tells of a broker that closes the connection, before CONNACK and after, and can connect again', async () => {
      const broker = await startScripted(version)
      const told = newClient(subject, broker.url)
      const expected: string[] = []
      for (const isAccepted of [false, true]) {
        told.connect({ clientId: 'a', protocolVersion: version })
        const peer = await broker.connection()
        if (isAccepted) peer.accept()
        peer.socket.end()
        await told.next('closed')
        if (isAccepted) expected.push('connected')
        expected.push('the broker closed the connection')
      }
      expect(told.log.map((one) => (one.event === 'closed' ? one.reason : one.event))).toEqual(expected)
    })

    it('tells of its receive maximum, 65,535 if it has none', async () => {
      const plain = await scriptedScene(subject, version)
      expect(plain.told.log).toEqual([{ event: 'connected', sessionPresent: false, receiveMaximum: 65_535 }])
      if (version === 4) return
      const narrow = await scriptedScene(subject, version, {}, { properties: { receiveMaximum: 1 } })
      expect(narrow.told.log).toEqual([{ event: 'connected', sessionPresent: false, receiveMaximum: 1 }])
    })

    it('sends SUBSCRIBE as asked and tells one code for each filter', async () => {
      const { told, peer } = await scriptedScene(subject, version)
      const terms = [
        { topicFilter: '7', qos: 0 },
        { topicFilter: 'a/+/ö', qos: 2 },
        { topicFilter: '#', qos: 1 },
      ] as const
      peer.onPacket = ({ kind, packetId }) => {
        const section = version === 5 ? '00' : ''
        const length = version === 5 ? '06' : '05'
        if (kind === 'subscribe') peer.send(hex(`90 ${length} 00 0${packetId} ${section} 00 80 01`))
      }
      expect(await told.subscribed(...terms)).toEqual([0, 0x80, 1])
      const { bytes, packetId } = await peer.next('subscribe')
      expect(bytes).toEqual(subscribePacket(version, packetId, terms))
    })

    it('sends PUBLISH as asked, and message and payload are the caller`s again at once', async () => {
      const { told, peer } = await scriptedScene(subject, version)
      const payload = Buffer.from('grüße')
      const correlationData = Buffer.from([1, 2, 3])
      const userProperties = { unit: '°C' }
      const properties = {
        mark: '~sim a 0 0 1 0~',
        expiry: 1.5,
        responseTopic: 'answers',
        correlationData,
        userProperties,
      }
      told.publish('t/ü', payload, { qos: 1, retain: true, ...properties })
      payload.fill(0)
      correlationData.fill(0)
      userProperties.unit = 'K'
      const { bytes, packetId } = await peer.next('publish')
      const sent = publishPacket(version, 't/ü', 'grüße', { qos: 1, retain: true, packetId })
      if (version === 4) return expect(bytes).toEqual(sent)
      const text = bytes.toString('latin1')
      for (const part of ['~sim a 0 0 1 0~', 'answers', '\u0001\u0002\u0003', '\0\u0004unit'])
        expect(text).toContain(part)
      expect(bytes.toString()).toContain('°C')
      expect(bytes.toString().endsWith('grüße')).toBe(true)
    })

    it('sends a plain PUBLISH of each QoS as the standard has it', async () => {
      const { told, peer } = await scriptedScene(subject, version)
      for (const qos of [0, 1, 2] as const) told.publish('a', 'x', { qos })
      for (const qos of [0, 1, 2]) {
        const { bytes, packetId } = await peer.next('publish')
        expect(bytes).toEqual(publishPacket(version, 'a', 'x', { qos, packetId }))
      }
    })

    it('tells of each acknowledgement once, with its token, whatever their order', async () => {
      const { told, peer } = await scriptedScene(subject, version)
      for (const [index, qos] of ([1, 2, 1] as const).entries()) told.publish('a', 'x', { qos, token: 2 ** 40 + index })
      expect(told.client.unacknowledged).toBe(3)
      const [first, second, third] = [
        await peer.next('publish'),
        await peer.next('publish'),
        await peer.next('publish'),
      ]
      peer.send(ackPacket('puback', third.packetId), ackPacket('pubrec', second.packetId))
      expect((await peer.next('pubrel')).packetId).toBe(second.packetId)
      expect(await told.acknowledgements(1)).toEqual([`${2 ** 40 + 2} 0`])
      expect(told.client.unacknowledged).toBe(2)
      peer.send(ackPacket('pubcomp', second.packetId), ackPacket('puback', first.packetId))
      peer.send(ackPacket('puback', first.packetId), ackPacket('pubcomp', second.packetId)) // and again
      peer.send(peer.publish('end', ''))
      await told.nextMessage()
      expect(await told.acknowledgements(3)).toEqual([`${2 ** 40 + 2} 0`, `${2 ** 40 + 1} 0`, `${2 ** 40} 0`])
      expect(told.client.unacknowledged).toBe(0)
    })

    it('tells of a duplicate of QoS 1 each time, and acknowledges each', async () => {
      const { told, peer } = await scriptedScene(subject, version)
      const fields = { qos: 1, packetId: 7 }
      peer.send(
        peer.publish('a', 'x', fields),
        peer.publish('a', 'x', fields),
        peer.publish('a', 'x', { ...fields, dup: true }),
      )
      expect((await told.messages(3)).map(({ text, qos, dup }) => [text, qos, dup])).toEqual([
        ['x', 1, false],
        ['x', 1, false],
        ['x', 1, true],
      ])
      for (let count = 0; count < 3; count++) expect((await peer.next('puback')).packetId).toBe(7)
    })

    it('tells of QoS 2 when PUBLISH comes, once for a packet identifier until PUBREL', async () => {
      const { told, peer } = await scriptedScene(subject, version)
      const fields: PublishFields = { qos: 2, packetId: 9 }
      peer.send(
        peer.publish('a', '1', fields),
        peer.publish('a', '1', fields),
        peer.publish('a', '1', { ...fields, dup: true }),
      )
      for (let count = 0; count < 3; count++) expect((await peer.next('pubrec')).packetId).toBe(9)
      expect((await told.messages(1)).map(({ text, dup }) => [text, dup])).toEqual([['1', false]])
      peer.send(ackPacket('pubrel', 9))
      expect((await peer.next('pubcomp')).packetId).toBe(9)
      peer.send(peer.publish('a', '2', fields))
      await peer.next('pubrec')
      expect((await told.messages(2)).map(({ text }) => text)).toEqual(['1', '2'])
    })

    it('answers a PUBREL that it knows nothing of', async () => {
      const { peer } = await scriptedScene(subject, version)
      peer.send(ackPacket('pubrel', 77))
      expect((await peer.next('pubcomp')).packetId).toBe(77)
    })

    it('reads packets that come in pieces of one byte', async () => {
      const { told, peer } = await scriptedScene(subject, version)
      told.publish('a', 'x', { qos: 1, token: 5 })
      const { packetId } = await peer.next('publish')
      const stream = Buffer.concat([
        peer.publish('a/ü', 'grüße', { qos: 0 }),
        peer.publish('b', 'y'.repeat(200), { qos: 2, packetId: 300, retain: true }),
        ackPacket('puback', packetId),
        ackPacket('pubrel', 300),
        peer.publish('c', '', { qos: 1, packetId: 1 }),
      ])
      for (const byte of stream) {
        peer.socket.write(Uint8Array.of(byte))
        await turns(2)
      }
      const brief = (await told.messages(3)).map(({ topic, text, retain }) => [topic, text.length, retain])
      expect(brief).toEqual([
        ['a/ü', 5, false],
        ['b', 200, true],
        ['c', 0, false],
      ])
      expect(await told.acknowledgements(1)).toEqual(['5 0'])
      await peer.next('pubrec')
      await peer.next('pubcomp')
      await peer.next('puback')
    })

    it.each(unreadable)('ends a connection on which comes %s', async (_name, bytes) => {
      const { told, peer } = await scriptedScene(subject, version)
      peer.send(bytes)
      expect((await told.next('closed')).reason).toMatch(/^the broker sent what cannot be read: ./)
    })

    it('drop() within an event: nothing more is told but that it is closed', async () => {
      const { told, peer } = await scriptedScene(subject, version)
      told.onTold = ({ event }) => {
        if (event === 'received') told.drop()
      }
      told.publish('a', 'x', { qos: 1 })
      const { packetId } = await peer.next('publish')
      peer.send(peer.publish('a', '1'), peer.publish('a', '2', { qos: 1, packetId: 1 }), ackPacket('puback', packetId))
      await told.next('closed')
      expect(told.log.map(({ event }) => event)).toEqual(['connected', 'received', 'closed'])
      expect(await peer.rest()).toEqual([])
      expect(told.client.unacknowledged).toBe(1)
    })

    it('disconnect() sends DISCONNECT after what was published and nothing after it', async () => {
      const { told, peer } = await scriptedScene(subject, version)
      peer.socket.removeAllListeners('end') // it has something left to say
      peer.socket.once('end', () => {
        peer.send(peer.publish('a', '1', { qos: 1 }), peer.publish('a', '2', { qos: 2 }))
        void turns(20).then(() => peer.socket.end(peer.publish('a', '0')))
      })
      told.publish('a', 'last', { qos: 0 })
      told.publish('a', 'unacknowledged', { qos: 1 })
      told.disconnect()
      expect((await told.next('closed')).reason).toBe('disconnected')
      expect((await peer.rest()).map(({ kind }) => kind)).toEqual(['publish', 'publish', 'disconnect'])
      // what cannot be acknowledged any more comes again another time
      expect((await told.messages(1)).map(({ text }) => text)).toEqual(['0'])
    })

    it('freeze() neither reads nor sends any more, until drop()', async () => {
      const { told, peer } = await scriptedScene(subject, version, { keepAlive: 1 })
      told.publish('a', 'before')
      await peer.next('publish')
      told.onTold = ({ event }) => {
        if (event === 'received') told.freeze()
      }
      peer.send(peer.publish('a', '1', { qos: 1 }), peer.publish('a', '2', { qos: 2 }))
      await told.nextMessage()
      peer.send(peer.publish('a', '3', { qos: 1 }))
      await turns(20)
      expect(peer.isClosed).toBe(false)
      await told.dropped()
      expect(await peer.rest()).toEqual([])
      expect(told.log.map(({ event }) => event)).toEqual(['connected', 'received', 'closed'])
      expect(told.log.at(-1)).toEqual({ event: 'closed', reason: 'dropped' })
    })
  })

  describe('in front of a scripted broker of version 5 only', () => {
    it.each(['puback', 'pubrec'] as const)('takes a %s that refuses as the end of its message', async (kind) => {
      const { told, peer } = await scriptedScene(subject, 5)
      told.publish('a', 'x', { qos: kind === 'puback' ? 1 : 2, token: 3 })
      peer.send(ackPacket(kind, (await peer.next('publish')).packetId, 0x97))
      expect(await told.acknowledgements(1)).toEqual(['3 151'])
      expect(told.client.unacknowledged).toBe(0)
      await told.dropped()
      expect(await peer.rest()).toEqual([]) // no PUBREL
    })

    it('goes on after a PUBREC that found no subscriber, and passes the code of a PUBACK on', async () => {
      const { told, peer } = await scriptedScene(subject, 5)
      told.publish('a', 'x', { qos: 2, token: 1 })
      const { packetId } = await peer.next('publish')
      peer.send(ackPacket('pubrec', packetId, 0x10))
      await peer.next('pubrel')
      peer.send(ackPacket('pubcomp', packetId))
      told.publish('a', 'x', { qos: 1, token: 2 })
      peer.send(ackPacket('puback', (await peer.next('publish')).packetId, 0x10))
      expect(await told.acknowledgements(2)).toEqual(['1 0', '2 16'])
    })

    it('takes a PUBCOMP that knows the packet identifier no more as the end of its message', async () => {
      const { told, peer } = await scriptedScene(subject, 5)
      told.publish('a', 'x', { qos: 2, token: 4 })
      const { packetId } = await peer.next('publish')
      peer.send(ackPacket('pubrec', packetId))
      await peer.next('pubrel')
      peer.send(ackPacket('pubcomp', packetId, 0x92))
      expect(await told.acknowledgements(1)).toEqual(['4 0'])
      expect(told.client.unacknowledged).toBe(0)
    })

    it('finds its mark among other properties', async () => {
      const { told, peer } = await scriptedScene(subject, 5)
      const userProperties: [string, string][] = [
        ['simulator', 'no'],
        ['sim', 'yes'],
        ['other', 'no'],
      ]
      const correlationData = Uint8Array.of(4, 5)
      const properties = {
        userProperties,
        responseTopic: 'r/ü',
        correlationData,
        messageExpiryInterval: 9,
        contentType: 't',
      }
      peer.send(peer.publish('a', '~sim payload~', { properties }), peer.publish('a', '~sim payload~'))
      const [first, second] = await told.messages(2)
      expect(first).toMatchObject({ mark: 'yes', text: '~sim payload~', responseTopic: 'r/ü', correlationData })
      expect(second).toMatchObject({ mark: undefined, responseTopic: undefined, correlationData: undefined })
    })

    it.each([
      [0x8e, 'session taken over'],
      [0x8b, 'server shutting down'],
      [0x97, 'quota exceeded'],
    ])('tells of DISCONNECT with reason code %i: %s', async (code, words) => {
      const { told, peer } = await scriptedScene(subject, 5)
      peer.send(disconnectPacket(code))
      expect((await told.next('closed')).reason).toBe(`the broker disconnected: ${words}`)
    })
  })
}
