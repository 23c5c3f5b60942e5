import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EngineOptions } from '../../../../devices-sim/engines/engine.ts'
import { clearStage, newClient, noTls, qosLevels, type Subject } from './stage.ts'
import { newName, type ToldClient } from './told-client.ts'

/** A broker that runs. */
export interface RealBroker {
  readonly url: string
  readonly tls?: EngineOptions['tls']
  close(): Promise<void> | void
}

export interface BrokerKind {
  readonly name: string
  readonly versions: readonly (4 | 5)[]
  /** It sends DISCONNECT with a reason, where the version has that, to a client that another one takes over. */
  readonly saysTakenOver: boolean
  start(): Promise<RealBroker>
}

const kept = { cleanStart: false, sessionExpiryInterval: 300 } as const

/** What an engine does with a broker that knows its trade. */
export function describeRealBroker(subject: Subject, kind: BrokerKind): void {
  let broker: RealBroker
  beforeAll(async () => {
    broker = await kind.start()
  })
  clearStage()
  afterAll(() => broker.close())

  function client(): ToldClient {
    return newClient(subject, broker.url, broker.tls ?? noTls)
  }

  describe.each(kind.versions)(`${kind.name}, version %i`, (protocolVersion) => {
    async function connected(terms: Partial<Parameters<ToldClient['connect']>[0]> = {}): Promise<ToldClient> {
      const told = client()
      await told.connected({ clientId: newName(), protocolVersion, ...terms })
      return told
    }

    it.each(qosLevels)('QoS %i there and back', async (qos) => {
      const told = await connected()
      const topic = newName()
      expect(await told.subscribed({ topicFilter: `${topic}/+`, qos: 2 })).toEqual([2])
      told.publish(`${topic}/ü`, 'grüße', { qos, token: 11 })
      expect(await told.nextMessage()).toMatchObject({
        topic: `${topic}/ü`,
        text: 'grüße',
        qos,
        retain: false,
        dup: false,
      })
      if (qos > 0) expect(await told.acknowledgements(1)).toMatchObject([expect.stringMatching(/^11 /)])
      expect(told.client.unacknowledged).toBe(0)
    })

    it('a mark travels in its user property, where there are any, and one in a payload is left alone', async () => {
      const told = await connected()
      const topic = newName()
      await told.subscribed({ topicFilter: topic, qos: 1 })
      const payload = '{"mark":"~sim run 1 2 3 4~"}'
      const correlationData = Uint8Array.of(0, 255)
      const others = { userProperties: { unit: '°C' }, responseTopic: 'r/ü', correlationData }
      told.publish(topic, payload, { qos: 1, mark: '~sim run 1 2 3 5~', ...others })
      const expected = { mark: '~sim run 1 2 3 5~', responseTopic: 'r/ü', correlationData }
      const none = { mark: undefined, responseTopic: undefined, correlationData: undefined }
      expect(await told.nextMessage()).toMatchObject({ text: payload, ...(protocolVersion === 5 ? expected : none) })
    })

    it('a retained message comes to who subscribes later', async () => {
      const told = await connected()
      const topic = newName()
      told.publish(topic, 'kept', { qos: 1, retain: true })
      await told.acknowledgements(1)
      await told.subscribed({ topicFilter: topic, qos: 1 })
      expect(await told.nextMessage()).toMatchObject({ text: 'kept', retain: true })
      told.publish(topic, '', { qos: 1, retain: true })
      await told.acknowledgements(2)
    })

    it('300 KiB there and back', async () => {
      const told = await connected()
      const topic = newName()
      await told.subscribed({ topicFilter: topic, qos: 0 })
      const payload = Buffer.alloc(300 * 1024, 'abcdefg')
      told.publish(topic, payload)
      expect(payload.equals((await told.nextMessage()).payload)).toBe(true)
    })

    it('1,000 messages there and back in order', async () => {
      const told = client()
      const topic = newName()
      const { receiveMaximum } = await told.connected({ clientId: newName(), protocolVersion })
      await told.subscribed({ topicFilter: topic, qos: 1 })
      const numbers = Array.from({ length: 1000 }, (_, index) => String(index))
      let next = 0
      const sendSome = (): void => {
        while (next < 1000 && told.client.unacknowledged < Math.min(receiveMaximum, 20)) {
          told.publish(topic, numbers[next] as string, { qos: 1, token: next++ })
        }
      }
      told.onTold = ({ event }) => {
        if (event === 'acknowledged') sendSome()
      }
      sendSome()
      expect((await told.messages(1000)).map(({ text }) => text)).toEqual(numbers)
      expect((await told.acknowledgements(1000)).map((one) => one.split(' ')[0])).toEqual(numbers)
    })

    it.each(['drop', 'disconnect'] as const)('a session outlives %s(), with what came in between', async (how) => {
      const clientId = newName()
      const topic = newName()
      const told = await connected({ clientId, ...kept })
      await told.subscribed({ topicFilter: topic, qos: 2 })
      told[how]()
      await told.next('closed')
      const sender = await connected()
      for (const qos of [1, 2] as const) {
        sender.publish(topic, `missed ${qos}`, { qos })
        await sender.acknowledgements(qos)
      }
      expect(await told.connected({ clientId, protocolVersion, ...kept })).toMatchObject({ sessionPresent: true })
      expect((await told.messages(2)).map(({ text, qos }) => [text, qos])).toEqual([
        ['missed 1', 1],
        ['missed 2', 2],
      ])
      await told.dropped()
      const begun = await told.connected({ clientId, protocolVersion })
      expect(begun.sessionPresent).toBe(false)
    })

    it('is closed when another client takes its identifier', async () => {
      const clientId = newName()
      const told = await connected({ clientId })
      await connected({ clientId })
      const { reason } = await told.next('closed')
      const isSaid = protocolVersion === 5 && kind.saysTakenOver
      expect(reason).toMatch(
        isSaid ? /^the broker disconnected: session taken over$/ : /^the broker closed|^ECONNRESET$/,
      )
    })

    it('disconnect() gives no will, drop() and freeze() do', async () => {
      const topic = newName()
      const watcher = await connected()
      await watcher.subscribed({ topicFilter: `${topic}/#`, qos: 1 })
      const willOf = (name: string) => ({
        topic: `${topic}/${name}`,
        payload: Buffer.from('gone'),
        qos: 1 as const,
        retain: false,
        delay: undefined,
        mark: `mark of ${name}`,
      })
      const leaving = await connected({ will: willOf('leaving') })
      leaving.disconnect()
      await leaving.next('closed')
      const dropping = await connected({ will: willOf('dropping') })
      dropping.drop()
      const mark = protocolVersion === 5 ? 'mark of dropping' : undefined
      expect(await watcher.nextMessage()).toMatchObject({ topic: `${topic}/dropping`, text: 'gone', mark })
      const clientId = newName()
      const freezing = await connected({ clientId, will: willOf('freezing') })
      freezing.freeze()
      await connected({ clientId }) // takes it over
      expect(await watcher.nextMessage()).toMatchObject({ topic: `${topic}/freezing` })
      await freezing.dropped()
      expect(watcher.log.filter(({ event }) => event === 'received')).toHaveLength(2)
    })
  })
}
