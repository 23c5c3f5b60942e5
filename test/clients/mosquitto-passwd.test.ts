import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { raise } from '../transport/stage.ts'
import { releaseClients, WireClient } from '../support/wire-client.ts'
import { spawnClient } from './spawned-client.ts'

let directory = ''
let file = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-passwd-'))
  file = join(directory, 'users')
})
afterEach(async () => {
  await releaseClients()
  rmSync(directory, { recursive: true })
})

async function passwd(...args: string[]): Promise<void> {
  expect(await spawnClient('mosquitto_passwd', args).ended).toMatchObject({ code: 0 })
}

/** Whether each of these gets in with `secret` and no other password. */
async function logins(...users: string[]): Promise<boolean[]> {
  const { port } = await raise({ listeners: [{ kind: 'tcp', port: 0 }], authentication: { passwordFile: file } })
  const getsIn = async (userName: string, password: string): Promise<boolean> => {
    const client = await WireClient.open({ port: port(), version: 5 })
    return (await client.connect({ clientId: userName, userName, password })).reasonCode === 0
  }
  const outcomes = []
  for (const user of users) {
    expect(await getsIn(user, 'other')).toBe(false)
    outcomes.push(await getsIn(user, 'secret'))
  }
  return outcomes
}

it('files that mosquitto_passwd makes and adds to with -c and -b are read', async () => {
  await passwd('-c', '-b', file, 'anna', 'secret')
  await passwd('-b', file, 'bert', 'secret')
  await passwd('-H', 'sha512', '-b', file, 'carl', 'secret')
  expect(readFileSync(file, 'utf8')).toMatch(/^anna:\$7\$.*\nbert:\$7\$.*\ncarl:\$6\$/)
  expect(await logins('anna', 'bert', 'carl', 'nobody')).toEqual([true, true, true, false])
})

it('whom it removes with -D is not let in any more', async () => {
  await passwd('-c', '-b', file, 'anna', 'secret')
  await passwd('-b', file, 'bert', 'secret')
  await passwd('-D', file, 'anna')
  expect(await logins('anna', 'bert')).toEqual([false, true])
})

it('what it hashes with -U is read', async () => {
  writeFileSync(file, 'anna:secret\nbert:secret\n', { mode: 0o600 })
  await passwd('-U', file)
  expect(await logins('anna', 'bert')).toEqual([true, true])
})
