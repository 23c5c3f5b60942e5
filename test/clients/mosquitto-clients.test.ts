import { spawnSync } from 'node:child_process'
import mqtt from 'mqtt'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestBroker, type TestBroker } from '../support/test-broker.ts'
import { killSpawnedClients, spawnClient, type SpawnedClient } from './spawned-client.ts'

// stdbuf, because mosquitto_sub keeps its lines to itself until the end when stdout is a pipe.
const programs = ['mosquitto_pub', 'mosquitto_sub', 'mosquitto_rr', 'stdbuf']
const absent = programs.filter((name) => spawnSync(name, ['--help']).error !== undefined)
if (absent.length > 0) console.warn(`skipping the tests with mosquitto's clients: ${absent.join(', ')} not installed`)

const versions = ['mqttv31', 'mqttv311', 'mqttv5'] as const
let broker: TestBroker
let topics = 0

/** Tests share the broker, so each has a topic of its own. */
function newTopic(): string {
  topics += 1
  return `mosquitto/${topics}`
}

function program(name: string, version: string, args: readonly string[], input?: string): SpawnedClient {
  const address = ['-h', '127.0.0.1', '-p', String(broker.port)]
  return spawnClient('stdbuf', ['-oL', name, ...address, '-V', version, ...args], input)
}

async function publish(version: string, args: readonly string[], input?: string): Promise<void> {
  expect(await program('mosquitto_pub', version, args, input).ended).toMatchObject({ code: 0, err: '' })
}

/** Subscribes, waits for the SUBACK, hands back the program. It prints messages as `> topic qos retain payload`. */
async function subscribe(version: string, args: readonly string[]): Promise<SpawnedClient> {
  const subscriber = program('mosquitto_sub', version, ['-d', '-W', '10', '-F', '> %t %q %r %p', ...args])
  await subscriber.line(/^Subscribed/)
  return subscriber
}

async function messages(subscriber: SpawnedClient): Promise<string[]> {
  const { code, out, err } = await subscriber.ended
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return out.split('\n').filter((line) => line.startsWith('> '))
}

describe.skipIf(absent.length > 0)("mosquitto's clients", () => {
  beforeAll(async () => {
    broker = await startTestBroker()
  })
  afterAll(() => broker.close())
  afterEach(killSpawnedClients)

  for (const version of versions) {
    describe(version, () => {
      for (const qos of ['0', '1', '2']) {
        it(`passes a message at QoS ${qos}`, async () => {
          const topicName = newTopic()
          const subscriber = await subscribe(version, ['-t', topicName, '-q', qos, '-C', '1'])
          await publish(version, ['-t', topicName, '-q', qos, '-m', 'hello'])
          expect(await messages(subscriber)).toEqual([`> ${topicName} ${qos} 0 hello`])
        })

        it(`passes 500 messages at QoS ${qos} in order`, async () => {
          const topicName = newTopic()
          const numbers = Array.from({ length: 500 }, (_, index) => String(index))
          const subscriber = await subscribe(version, ['-t', topicName, '-q', qos, '-C', '500'])
          await publish(version, ['-t', topicName, '-q', qos, '-l'], `${numbers.join('\n')}\n`)
          expect(await messages(subscriber)).toEqual(numbers.map((number) => `> ${topicName} ${qos} 0 ${number}`))
        })
      }

      it('delivers at the lower of the two QoS', async () => {
        const topicName = newTopic()
        const subscriber = await subscribe(version, ['-t', topicName, '-q', '1', '-C', '2'])
        await publish(version, ['-t', topicName, '-q', '2', '-m', 'a'])
        await publish(version, ['-t', topicName, '-q', '0', '-m', 'b'])
        expect(await messages(subscriber)).toEqual([`> ${topicName} 1 0 a`, `> ${topicName} 0 0 b`])
      })

      it('keeps a retained message, replaces it and clears it', async () => {
        const topicName = newTopic()
        await publish(version, ['-t', topicName, '-q', '1', '-r', '-m', 'first'])
        await publish(version, ['-t', topicName, '-q', '1', '-r', '-m', 'second'])
        const before = await subscribe(version, ['-t', `${topicName}/#`, '-q', '1', '-C', '1'])
        expect(await messages(before)).toEqual([`> ${topicName} 1 1 second`])
        await publish(version, ['-t', topicName, '-q', '1', '-r', '-n'])
        const after = await subscribe(version, ['-t', `${topicName}/#`, '-q', '1', '-C', '1'])
        await publish(version, ['-t', topicName, '-q', '1', '-m', 'live'])
        expect(await messages(after)).toEqual([`> ${topicName} 1 0 live`])
      })

      it('publishes the will of a client that is killed', async () => {
        const topicName = newTopic()
        const subscriber = await subscribe(version, ['-t', topicName, '-q', '1', '-C', '1'])
        const will = ['--will-topic', topicName, '--will-payload', 'gone', '--will-qos', '1']
        const victim = await subscribe(version, ['-t', `${topicName}/other`, ...will])
        victim.kill('SIGKILL')
        expect(await messages(subscriber)).toEqual([`> ${topicName} 1 0 gone`])
      })

      it('keeps messages for a session that is away', async () => {
        const topicName = newTopic()
        const session = ['-i', `away-${version}`, '-c', '-t', topicName, '-q', '2']
        const first = await subscribe(version, [...session, '-C', '1'])
        await publish(version, ['-t', topicName, '-q', '1', '-m', 'one'])
        expect(await messages(first)).toEqual([`> ${topicName} 1 0 one`])
        await publish(version, ['-t', topicName, '-q', '1', '-m', 'two'])
        await publish(version, ['-t', topicName, '-q', '2', '-m', 'three'])
        const second = program('mosquitto_sub', version, [...session, '-C', '2', '-W', '10', '-F', '> %t %q %r %p'])
        expect(await messages(second)).toEqual([`> ${topicName} 1 0 two`, `> ${topicName} 2 0 three`])
      })

      it('matches wildcards level by level', async () => {
        const topicName = newTopic()
        const subscriber = await subscribe(version, ['-t', `${topicName}/+/x`, '-t', `${topicName}/y/#`, '-C', '3'])
        for (const path of ['a/x', 'a/b/x', 'y', 'y/b/c']) {
          await publish(version, ['-t', `${topicName}/${path}`, '-m', path])
        }
        expect((await messages(subscriber)).map((line) => line.split(' ').at(-1))).toEqual(['a/x', 'y', 'y/b/c'])
      })
    })
  }

  it('passes the properties of MQTT 5.0 on', async () => {
    const topicName = newTopic()
    const format = ['-F', '> %C|%D|%E|%F|%P|%R|%S|%p']
    const subscriber = program('mosquitto_sub', 'mqttv5', [
      ...['-d', '-W', '10', '-C', '1', '-t', topicName, '-q', '1', ...format],
      ...['-D', 'subscribe', 'subscription-identifier', '42'],
    ])
    await subscriber.line(/^Subscribed/)
    const properties = [
      ['content-type', 'text/plain'],
      ['correlation-data', 'order-7'],
      ['message-expiry-interval', '60'],
      ['payload-format-indicator', '1'],
      ['user-property', 'colour', 'green'],
      ['response-topic', 'answers'],
    ].flatMap((property) => ['-D', 'publish', ...property])
    await publish('mqttv5', ['-t', topicName, '-q', '1', '-m', 'hello', ...properties])
    expect(await messages(subscriber)).toEqual(['> text/plain|order-7|60|1|colour:green|answers|42|hello'])
  })

  it('shares a subscription between two clients', async () => {
    const topicName = newTopic()
    const filter = `$share/team/${topicName}`
    const [one, other] = [await subscribe('mqttv5', ['-t', filter]), await subscribe('mqttv5', ['-t', filter])]
    const numbers = Array.from({ length: 10 }, (_, index) => String(index))
    await publish('mqttv5', ['-t', topicName, '-q', '0', '-l'], `${numbers.join('\n')}\n`)
    const patterns = numbers.map((number) => new RegExp(`^> .* ${number}$`))
    const seen = await Promise.all(patterns.map((pattern) => Promise.any([one.line(pattern), other.line(pattern)])))
    for (const client of [one, other]) client.kill('SIGTERM')
    const all = (await Promise.all([one.ended, other.ended])).flatMap(({ out }) => out.split('\n'))
    expect(all.filter((line) => line.startsWith('> ')).toSorted()).toEqual(seen.toSorted())
  })

  for (const version of ['mqttv311', 'mqttv5']) {
    it(`answers mosquitto_rr over ${version}`, async () => {
      const topicName = newTopic()
      const responder = await mqtt.connectAsync({ host: '127.0.0.1', port: broker.port, protocolVersion: 5 })
      responder.on('message', (_topicName, payload, { properties }) => {
        const correlationData = properties?.correlationData
        responder.publish(properties?.responseTopic ?? `${topicName}/answer`, `${payload.toString()} world`, {
          qos: 1,
          ...(correlationData === undefined ? {} : { properties: { correlationData } }),
        })
      })
      await responder.subscribeAsync(topicName, { qos: 1 })
      const request = ['-t', topicName, '-e', `${topicName}/answer`, '-q', '1', '-m', 'hello', '-W', '10']
      const { code, out } = await program('mosquitto_rr', version, request).ended
      await responder.endAsync()
      expect({ code, out }).toEqual({ code: 0, out: 'hello world\n' })
    })
  }
})
