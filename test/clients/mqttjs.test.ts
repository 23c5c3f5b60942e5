import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestBroker, type TestBroker } from '../support/test-broker.ts'

const clients = new Set<MqttClient>()
const qosLevels = [0, 1, 2] as const
const transports = ['mqtt', 'ws'] as const
const versions = [
  { title: '3.1', options: { protocolVersion: 3, protocolId: 'MQIsdp' } },
  { title: '3.1.1', options: { protocolVersion: 4 } },
  { title: '5.0', options: { protocolVersion: 5 } },
] as const satisfies readonly { title: string; options: IClientOptions }[]

let broker: TestBroker
let names = 0

/** Tests share the broker, so each has topics and client identifiers of its own. */
function newName(): string {
  names += 1
  return `mqttjs${names}`
}

async function connect(transport: 'mqtt' | 'ws', options: IClientOptions): Promise<MqttClient> {
  const port = transport === 'ws' ? broker.webSocketPort : broker.port
  const url = `${transport}://127.0.0.1:${port}`
  const client = mqtt.connect(url, { reconnectPeriod: 0, manualConnect: true, ...options })
  clients.add(client)
  collect(client)
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve())
    client.once('error', reject)
    client.connect()
  })
  return client
}

interface Inbox {
  readonly packets: IPublishPacket[]
  check: () => void
}

const inboxes = new WeakMap<MqttClient, Inbox>()

/** From before the first byte, for a resumed session sends at once. */
function collect(client: MqttClient): void {
  const inbox: Inbox = { packets: [], check: () => {} }
  inboxes.set(client, inbox)
  client.on('message', (_topicName, _payload, packet) => {
    inbox.packets.push(packet)
    inbox.check()
  })
}

/** All messages so far, once there are `count`. */
function received(client: MqttClient, count: number): Promise<IPublishPacket[]> {
  const inbox = inboxes.get(client)
  if (inbox === undefined) throw new Error('not a client of connect()')
  return new Promise((resolve) => {
    inbox.check = () => {
      if (inbox.packets.length >= count) resolve(inbox.packets)
    }
    inbox.check()
  })
}

/** What a test looks at: topic, payload, QoS and RETAIN. */
function brief(packets: readonly IPublishPacket[]): string[] {
  return packets.map(({ topic, payload, qos, retain }) => `${topic} ${payload.toString()} ${qos} ${retain}`)
}

describe('MQTT.js', () => {
  beforeAll(async () => {
    broker = await startTestBroker()
  })
  afterAll(() => broker.close())
  afterEach(async () => {
    await Promise.all([...clients].map((client) => client.endAsync(true)))
    clients.clear()
  })

  for (const transport of transports) {
    for (const { title, options } of versions) {
      describe(`${title} over ${transport}`, () => {
        for (const publishQos of qosLevels) {
          for (const subscribeQos of qosLevels) {
            it(`passes QoS ${publishQos} on to a subscription of QoS ${subscribeQos}`, async () => {
              const topicName = newName()
              const client = await connect(transport, options)
              await client.subscribeAsync(topicName, { qos: subscribeQos })
              await client.publishAsync(topicName, 'hello', { qos: publishQos })
              const qos = Math.min(publishQos, subscribeQos)
              expect(brief(await received(client, 1))).toEqual([`${topicName} hello ${qos} false`])
            })
          }
        }

        it('passes a large payload through unchanged', async () => {
          const topicName = newName()
          const payload = Buffer.alloc(300_000, 'abcdefg')
          const client = await connect(transport, options)
          await client.subscribeAsync(topicName, { qos: 1 })
          await client.publishAsync(topicName, payload, { qos: 1 })
          const [packet] = await received(client, 1)
          expect(payload.equals(Buffer.from(packet?.payload ?? ''))).toBe(true)
        })

        it('sends a retained message at subscribe, and not once it is cleared', async () => {
          const topicName = newName()
          const client = await connect(transport, options)
          await client.publishAsync(topicName, 'kept', { qos: 1, retain: true })
          await client.subscribeAsync(`${topicName}/#`, { qos: 1 })
          expect(brief(await received(client, 1))).toEqual([`${topicName} kept 1 true`])
          await client.publishAsync(topicName, '', { qos: 1, retain: true })
          const late = await connect(transport, options)
          await late.subscribeAsync(`${topicName}/#`, { qos: 1 })
          await client.publishAsync(topicName, 'live', { qos: 1 })
          expect(brief(await received(late, 1))).toEqual([`${topicName} live 1 false`])
        })

        it('resumes a session with what it missed, in order', async () => {
          const [topicName, clientId] = [newName(), newName()]
          const properties = title === '5.0' ? { properties: { sessionExpiryInterval: 60 } } : {}
          const session = { ...options, ...properties, clientId, clean: false }
          const first = await connect(transport, session)
          await first.subscribeAsync(topicName, { qos: 2 })
          await first.endAsync()
          const publisher = await connect(transport, options)
          for (const text of ['a', 'b', 'c']) {
            for (const qos of [1, 2] as const) await publisher.publishAsync(topicName, text, { qos })
          }
          const second = await connect(transport, session)
          const packets = await received(second, 6)
          // MQTT.js shows a QoS 2 message at PUBREL, so only messages of the same QoS can be compared
          for (const qos of [1, 2]) {
            const expected = ['a', 'b', 'c'].map((text) => `${topicName} ${text} ${qos} false`)
            expect(brief(packets.filter((packet) => packet.qos === qos))).toEqual(expected)
          }
        })

        it('forgets the session of a clean client', async () => {
          const [topicName, clientId] = [newName(), newName()]
          const first = await connect(transport, { ...options, clientId })
          await first.subscribeAsync(topicName, { qos: 1 })
          await first.endAsync()
          const publisher = await connect(transport, options)
          await publisher.publishAsync(topicName, 'missed', { qos: 1 })
          const second = await connect(transport, { ...options, clientId, clean: false })
          await second.subscribeAsync(topicName, { qos: 1 })
          await publisher.publishAsync(topicName, 'heard', { qos: 1 })
          expect(brief(await received(second, 1))).toEqual([`${topicName} heard 1 false`])
        })

        it('publishes the will of a connection that breaks', async () => {
          const topicName = newName()
          const watcher = await connect(transport, options)
          await watcher.subscribeAsync(topicName, { qos: 1 })
          const will = { topic: topicName, payload: 'gone', qos: 1, retain: false } as const
          const victim = await connect(transport, { ...options, will })
          victim.stream.destroy()
          expect(brief(await received(watcher, 1))).toEqual([`${topicName} gone 1 false`])
        })

        it('publishes no will after DISCONNECT', async () => {
          const topicName = newName()
          const watcher = await connect(transport, options)
          await watcher.subscribeAsync(topicName, { qos: 1 })
          const will = { topic: topicName, payload: 'gone', qos: 1, retain: false } as const
          const leaver = await connect(transport, { ...options, will })
          await leaver.endAsync()
          await watcher.publishAsync(topicName, 'mark', { qos: 1 })
          expect(brief(await received(watcher, 1))).toEqual([`${topicName} mark 1 false`])
        })

        it('stops at unsubscribe', async () => {
          const topicName = newName()
          const client = await connect(transport, options)
          await client.subscribeAsync([`${topicName}/a`, `${topicName}/b`], { qos: 1 })
          await client.unsubscribeAsync(`${topicName}/a`)
          await client.publishAsync(`${topicName}/a`, 'x', { qos: 1 })
          await client.publishAsync(`${topicName}/b`, 'y', { qos: 1 })
          expect(brief(await received(client, 1))).toEqual([`${topicName}/b y 1 false`])
        })

        it('gives each shared message to one member', async () => {
          const topicName = newName()
          const members = [await connect(transport, options), await connect(transport, options)]
          for (const member of members) await member.subscribeAsync(`$share/team/${topicName}`, { qos: 1 })
          const arrived = new Promise<string[]>((resolve) => {
            const all: string[] = []
            for (const member of members) {
              member.on('message', (_topicName, payload) => {
                if (all.push(payload.toString()) === 20) resolve(all)
              })
            }
          })
          const numbers = Array.from({ length: 20 }, (_, index) => String(index))
          const publisher = await connect(transport, options)
          for (const number of numbers) await publisher.publishAsync(topicName, number, { qos: 1 })
          expect((await arrived).toSorted()).toEqual(numbers.toSorted())
          for (const member of members) expect((await received(member, 1)).length).toBeLessThan(20)
        })
      })
    }
  }

  describe('with MQTT 5.0', () => {
    const options = { protocolVersion: 5 } as const

    it('passes the properties of a message on', async () => {
      const topicName = newName()
      const client = await connect('mqtt', options)
      await client.subscribeAsync(topicName, { qos: 1, properties: { subscriptionIdentifier: 300 } })
      const properties = {
        payloadFormatIndicator: true,
        messageExpiryInterval: 60,
        contentType: 'text/plain',
        responseTopic: 'answers',
        correlationData: Buffer.from([0, 255, 1]),
        userProperties: { a: ['1', '2'], b: '' },
      }
      await client.publishAsync(topicName, 'hello', { qos: 1, properties })
      const [packet] = await received(client, 1)
      expect(packet?.properties).toEqual({
        ...properties,
        userProperties: expect.objectContaining(properties.userProperties),
        subscriptionIdentifier: 300,
      })
    })

    it.each([1, 2] as const)('delivers all to a Receive Maximum of 1 at QoS %i', async (qos) => {
      const topicName = newName()
      const subscriber = await connect('mqtt', { ...options, properties: { receiveMaximum: 1 } })
      await subscriber.subscribeAsync(topicName, { qos: 2 })
      const publisher = await connect('mqtt', options)
      const sent = Array.from({ length: 30 }, (_, index) => String(index))
      await Promise.all(sent.map((text) => publisher.publishAsync(topicName, text, { qos })))
      expect(brief(await received(subscriber, 30))).toEqual(sent.map((text) => `${topicName} ${text} ${qos} false`))
    })

    it('spares a No Local subscriber its own messages', async () => {
      const topicName = newName()
      const client = await connect('mqtt', options)
      await client.subscribeAsync(topicName, { qos: 1, nl: true })
      const other = await connect('mqtt', options)
      await client.publishAsync(topicName, 'mine', { qos: 1 })
      await other.publishAsync(topicName, 'theirs', { qos: 1 })
      expect(brief(await received(client, 1))).toEqual([`${topicName} theirs 1 false`])
    })

    it.each([
      { rap: true, live: true },
      { rap: false, live: false },
    ])('shows RETAIN of a live message as $live with Retain As Published $rap', async ({ rap, live }) => {
      const topicName = newName()
      const client = await connect('mqtt', options)
      await client.subscribeAsync(topicName, { qos: 1, rap })
      await client.publishAsync(topicName, 'x', { qos: 1, retain: true })
      expect(brief(await received(client, 1))).toEqual([`${topicName} x 1 ${live}`])
    })

    it('sends no retained message with Retain Handling 2', async () => {
      const topicName = newName()
      const client = await connect('mqtt', options)
      await client.publishAsync(topicName, 'kept', { qos: 1, retain: true })
      await client.subscribeAsync(topicName, { qos: 1, rh: 2 })
      await client.publishAsync(topicName, 'live', { qos: 1 })
      expect(brief(await received(client, 1))).toEqual([`${topicName} live 1 false`])
    })

    it('understands topic aliases', async () => {
      const topicName = newName()
      const subscriber = await connect('mqtt', { ...options, properties: { topicAliasMaximum: 10 } })
      await subscriber.subscribeAsync(`${topicName}/#`, { qos: 1 })
      const publisher = await connect('mqtt', { ...options, autoAssignTopicAlias: true })
      const texts = ['a', 'b', 'a', 'b', 'a']
      for (const text of texts) await publisher.publishAsync(`${topicName}/${text}`, text, { qos: 1 })
      // MQTT.js puts the topic name back in place of the alias only in the event's own argument
      const packets = await received(subscriber, 5)
      expect(packets.map(({ payload }) => payload.toString())).toEqual(texts)
    })

    it('assigns a client identifier to a client without one', async () => {
      const nameless = { ...options, clientId: '', clean: true, reconnectPeriod: 0 }
      const client = mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, nameless)
      clients.add(client)
      const connack = await new Promise<mqtt.IConnackPacket>((resolve, reject) => {
        client.once('connect', resolve)
        client.once('error', reject)
      })
      expect(connack.properties?.assignedClientIdentifier).toMatch(/./)
    })

    it('tells the older of two clients that its session was taken over', async () => {
      const clientId = newName()
      const older = await connect('mqtt', { ...options, clientId })
      const reason = new Promise<number | undefined>((resolve) => {
        older.once('disconnect', ({ reasonCode }) => resolve(reasonCode))
      })
      await connect('ws', { ...options, clientId })
      expect(await reason).toBe(0x8e)
    })
  })
})
