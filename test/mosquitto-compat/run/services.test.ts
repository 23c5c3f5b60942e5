import { afterEach, expect, it } from 'vitest'
import { type SpawnedClient, spawnClient } from '../../clients/spawned-client.ts'
import { releaseClients, WireClient } from '../../support/wire-client.ts'
import { freePort } from '../../support/free-port.ts'
import { mosquitto, port, quiet, startQuiet as start, useExecutables } from './executables.ts'

useExecutables()
afterEach(() => releaseClients())

let reloads = 0
async function reload(broker: SpawnedClient, ...lines: string[]): Promise<void> {
  const mark = `mark-${++reloads}`
  quiet(...lines, `auto_id_prefix ${mark}`)
  broker.kill('SIGHUP')
  await broker.line(new RegExp(`Changed: .*${mark}`))
}

const request = '{"commands":[{"command":"listListeners"}]}'

it('enable_control_api answers $CONTROL/broker/v1, and a reload turns it off and on', async () => {
  const broker = await start('enable_control_api true')
  const client = await WireClient.connected({ port, version: 5, clientId: 'one' })
  await client.subscribe({ topicFilter: '$CONTROL/broker/v1/response', qos: 0 })
  const ask = () => client.publish('$CONTROL/broker/v1', request, { qos: 1 })
  await ask()
  const { text } = await client.next('publish')
  expect(text).toContain(`{"port":${port},"protocol":"mqtt","tls":false,"bind-address":"127.0.0.1"}`)
  await reload(broker)
  await ask()
  expect(await client.rest()).toEqual([])
  await reload(broker, 'enable_control_api true')
  await ask()
  expect((await client.next('publish')).text).toBe(text)
})

it('protocol http_api is opened at the start, changed by a reload as everything else, and closed at the end', async () => {
  const httpPort = await freePort()
  const api = [`listener ${httpPort}`, 'protocol http_api']
  const status = async () => (await fetch(`http://127.0.0.1:${httpPort}/api/v1/version`)).status
  const broker = await start(...api)
  await broker.line(new RegExp(`Opening http_api listen socket on port ${httpPort}\\.$`))
  expect(await status()).toBe(200)
  quiet(...api, 'http_dir /nowhere/at/all')
  broker.kill('SIGHUP')
  await broker.line(/httpDirectory \/nowhere\/at\/all is no directory/)
  await broker.line(/Not reloaded: everything is as it was\./)
  await reload(broker, ...api, 'listener_allow_anonymous false')
  expect(await status()).toBe(401)
  await reload(broker)
  await expect(status()).rejects.toThrow()
  await reload(broker, ...api)
  expect(await status()).toBe(200)
  broker.kill('SIGTERM')
  expect((await broker.ended).code).toBe(0)
})

it('protocol http_api at a taken port ends the start with 1', async () => {
  const taken = quiet(`listener ${port} 127.0.0.1`, 'protocol http_api')
  expect(await spawnClient(mosquitto, ['-c', taken]).ended).toMatchObject({ code: 1 })
})
