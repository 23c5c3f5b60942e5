import { afterEach, describe, expect, it } from 'vitest'
import { believing } from '../support/believing-authenticator.ts'
import type { Features } from '../../src/contracts/limits.ts'
import { startTestBroker, type TestBroker } from '../support/test-broker.ts'
import { releaseClients, WireClient } from '../support/wire-client.ts'
import type { ConnectFields } from '../support/wire-packets.ts'

let stage: TestBroker

afterEach(async () => {
  releaseClients()
  await stage.close()
})

async function start(sessionOfAnotherUser: Features['sessionOfAnotherUser']): Promise<void> {
  stage = await startTestBroker(
    { features: { sessionOfAnotherUser }, sysIntervalSeconds: 0 },
    { authenticator: believing },
  )
}

async function come(userName: string, fields: ConnectFields = {}): Promise<WireClient> {
  const client = await WireClient.open({ port: stage.port, version: 5 })
  const kept = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } }
  await client.connect({ clientId: 'pump', userName, ...kept, ...fields })
  return client
}

describe("a client identifier whose session is another user's", () => {
  it('is refused, and the session stays, where sessionOfAnotherUser is refuse', async () => {
    await start('refuse')
    await (await come('ann')).disconnect()
    expect((await come('bob')).connack.reasonCode).toBe(0x85)
    expect((await come('ann')).connack.sessionPresent).toBe(true)
  })

  it('begins anew with replace: nothing of the other user is left to it', async () => {
    await start('replace')
    const ann = await come('ann')
    await ann.subscribe({ topicFilter: 'secret', qos: 1 })
    await ann.disconnect()
    await stage.broker.publish({ topic: 'secret', payload: 'for ann', qos: 1 })
    const bob = await come('bob')
    expect(bob.connack).toMatchObject({ reasonCode: 0, sessionPresent: false })
    await stage.broker.publish({ topic: 'secret', payload: 'for nobody', qos: 1 })
    expect(await bob.rest()).toEqual([])
    await bob.disconnect()
    expect((await come('ann')).connack.sessionPresent).toBe(false)
  })

  it('throws out who is connected with it, with replace', async () => {
    await start('replace')
    const ann = await come('ann')
    expect((await come('bob')).connack.reasonCode).toBe(0)
    expect((await ann.closed()).reasonCode).toBe(0x8e)
  })

  it('is resumed by its own user with replace too', async () => {
    await start('replace')
    await (await come('ann')).disconnect()
    expect((await come('ann')).connack.sessionPresent).toBe(true)
  })
})
