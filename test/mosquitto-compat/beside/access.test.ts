import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pbkdf2Credential } from '../../../src/auth/pbkdf2-credential.ts'
import { Sha512Credential } from '../../../src/auth/sha512-credential.ts'
import { releaseClients } from '../../support/wire-client.ts'
import { accessSet, type Hashes, passwords } from './access-cases.ts'
import { accessOutcome, openObserver } from './access-steps.ts'
import { absence, sayWhyAbsent } from './debian-mosquitto.ts'
import { passwordFile } from './mosquitto-passwd.ts'
import { findings, told, unusedRows } from './outcome.ts'
import { both, removeDirectories, startPair } from './pair.ts'

const setCount = Number(process.env['TOPIARY_TEST_ACCESS_SETS'] ?? 10)
const clientCount = 20
const firstSeed = Number(process.env['TOPIARY_TEST_SEED'] ?? 20261121)
const seeds = Array.from({ length: setCount }, (_, index) => firstSeed + index)
let hashes: Hashes

sayWhyAbsent("password and ACL files beside Debian's mosquitto")

describe.skipIf(absence !== undefined)("password and ACL files, beside Debian's mosquitto", () => {
  beforeAll(async () => {
    hashes = await hashedPasswords()
  })
  afterAll(async () => {
    removeDirectories()
    await releaseClients().catch(() => undefined) // what a broker did wrong is in the outcomes
  })

  it.each(seeds)(`lets ${clientCount} generated clients do the same, seed %i`, async (seed) => {
    const { files, clients } = accessSet(seed, hashes, clientCount)
    const pair = await startPair(files)
    try {
      expect([pair.mosquitto.refusal, pair.topiary.refusal]).toEqual([undefined, undefined])
      const watchers = await both(pair, openObserver)
      const found: string[] = []
      for (const client of clients) {
        const outcomes = await both(pair, (side) =>
          accessOutcome(side, watchers[side === pair.mosquitto ? 0 : 1], client),
        )
        found.push(...told(findings('access', outcomes), client))
      }
      expect(found, JSON.stringify(files, null, 1)).toEqual([])
      for (const watcher of watchers) watcher.transport.abort()
    } finally {
      await pair.stop()
    }
  })

  it('needs every row of the table of differences', () => {
    expect(unusedRows('access')).toEqual([])
  })
})

/** Of each password, a hash by mosquitto_passwd and two of ours that 2.0 reads. */
async function hashedPasswords(): Promise<Hashes> {
  const theirs = passwordFile(Object.fromEntries(passwords.map((password, index) => [`u${index}`, password]))).split(
    '\n',
  )
  const rows = passwords.map(async (password, index) => {
    const bytes = Buffer.from(password)
    const ours = [await Pbkdf2Credential.create(bytes), await Sha512Credential.create(bytes)]
    return [password, [theirs[index]?.split(':')[1] ?? '', ...ours.map((one) => one.format())]] as const
  })
  return new Map(await Promise.all(rows))
}
