import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestBroker, type TestBroker } from '../../../support/test-broker.ts'
import { makeServerCertificate } from './broker-kinds.ts'
import { clearStage, newClient, noTls, type Subject } from './stage.ts'
import { newName } from './told-client.ts'

/** What needs the broker's time or settings in the test's hands. */
export function describeOurBroker(subject: Subject): void {
  const made = makeServerCertificate()
  let broker: TestBroker
  beforeAll(async () => {
    const listener = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
    const webSocket = { kind: 'websocket', host: '127.0.0.1', port: 0, tls: made.server } as const
    broker = await startTestBroker({ listeners: [{ ...listener, tls: made.server }, webSocket] })
  })
  clearStage()
  afterAll(async () => {
    await broker.close()
    made.remove()
  })

  const terms = { clientId: 'a' }

  it.each(['mqtts', 'wss'] as const)(
    '%s:// takes no certificate that it cannot check, unless told so',
    async (scheme) => {
      const port = scheme === 'wss' ? broker.webSocketPort : broker.port
      const url = `${scheme}://127.0.0.1:${port}/mqtt`
      const strict = newClient(subject, url)
      strict.connect(terms)
      expect((await strict.next('closed')).reason).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
      const easy = newClient(subject, url, { ...noTls, insecure: true })
      expect(await easy.connected(terms)).toMatchObject({ sessionPresent: false })
      const right = newClient(subject, url, { ...noTls, ca: made.ca })
      expect(await right.connected({ clientId: 'b' })).toMatchObject({ sessionPresent: false })
    },
  )

  it.each([
    ['none', undefined],
    ['one', 5],
  ] as const)('freeze() gives the will by keep alive, delay: %s', async (_name, delay) => {
    const url = `mqtts://127.0.0.1:${broker.port}`
    const tls = { ...noTls, insecure: true }
    const topic = newName()
    const watcher = newClient(subject, url, tls)
    await watcher.connected({ clientId: newName() })
    await watcher.subscribed({ topicFilter: topic, qos: 1 })
    const will = { topic, payload: Buffer.from('gone'), qos: 1, retain: false, delay, mark: 'm' } as const
    const told = newClient(subject, url, tls)
    await told.connected({ clientId: newName(), keepAlive: 10, sessionExpiryInterval: 100, will })
    told.freeze()
    await broker.advance(14_000)
    expect(watcher.log.filter(({ event }) => event === 'received')).toEqual([])
    await broker.advance(2000)
    if (delay !== undefined) await broker.advance(delay * 1000 + 1000)
    expect(await watcher.nextMessage()).toMatchObject({ text: 'gone', mark: 'm' })
    await told.dropped()
  })
}
