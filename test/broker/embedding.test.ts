import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { createBroker } from '../../src/server/create-broker.ts'
import { startBroker } from './started-broker.ts'

it('listens on 127.0.0.1 when no host is named, and listens once', async () => {
  const broker = createBroker({ listeners: [{ kind: 'tcp', port: 0 }] })
  const [address] = await broker.listen()
  expect(address?.url).toMatch(/^mqtt:\/\/127\.0\.0\.1:\d+$/)
  await expect(broker.listen()).rejects.toThrow('before')
  await broker.close()
})

it('an authenticator whose promise rejects refuses, and takes nothing else along', async () => {
  const authenticator = { authenticate: () => Promise.reject(new Error('the directory is down')) }
  const broker = await startBroker({}, { authenticator })
  const client = await broker.open()
  expect((await client.connect({ clientId: 'a' })).reasonCode).toBe(0x80)
  expect(broker.broker.statistics.counters.assertions).toBe(1)
})

it.each([['47 45'], ['f7 7f'], ['20 02 00 00']])(
  'bytes that begin no CONNECT are not waited for: %s',
  async (bytes) => {
    const broker = await startBroker()
    const socket = connect(broker.port, '127.0.0.1')
    const isClosed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    socket.resume()
    socket.write(Buffer.from(bytes.replaceAll(' ', ''), 'hex'))
    await isClosed
  },
)
