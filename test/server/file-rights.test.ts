import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SettingsError } from '../../src/settings/settings-file.ts'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { raise } from '../transport/stage.ts'

let made: Certificates
let directory = ''

beforeAll(() => {
  made = makeCertificates()
  directory = mkdtempSync(join(tmpdir(), 'topiary-rights-'))
})
afterAll(() => {
  made.remove()
  rmSync(directory, { recursive: true, force: true })
})

interface Secret {
  readonly file: string
  readonly settings: PartialSettings
  /** Where the fault is said to be. */
  readonly setting: string
}

const secrets: Record<string, () => Secret> = {
  'a key file': () => ({
    file: made.server.keyFile,
    settings: { listeners: [{ kind: 'tcp', port: 0, tls: made.server }] },
    setting: 'listeners[0].tls',
  }),
  'a password file': () => {
    const file = join(directory, 'users.passwd')
    writeFileSync(file, '')
    const settings: PartialSettings = { listeners: [{ kind: 'tcp', port: 0 }], authentication: { passwordFile: file } }
    return { file, settings, setting: 'authentication.passwordFile' }
  },
}

describe.each(Object.keys(secrets))('%s', (title) => {
  const secret = (mode: number): Secret => {
    const one = (secrets[title] as () => Secret)()
    chmodSync(one.file, mode)
    return one
  }

  it.each([0o602, 0o666])('that everybody may write (%o) is refused', async (mode) => {
    const { file, settings, setting } = secret(mode)
    const starting = raise(settings)
    await expect(starting).rejects.toBeInstanceOf(SettingsError)
    await expect(starting).rejects.toThrow(`${setting}: ${file} can be written by everybody; chmod 600 ${file}`)
  })

  it('that everybody may write from now on is refused at the next reload', async () => {
    const { settings, setting } = secret(0o600)
    const stage = await raise(settings)
    secret(0o602)
    await expect(stage.broker.reload(settings)).rejects.toThrow(`${setting}: `)
  })

  const modes: [mode: number, warns: boolean][] = [
    [0o600, false],
    [0o640, false],
    [0o604, true],
    [0o644, true],
  ]
  it.each(modes)('with mode %o warns in the log: %s', async (mode, warns) => {
    const { file, settings } = secret(mode)
    const stage = await raise(settings)
    const warnings = stage.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
    expect(warnings).toEqual(warns ? [`${file} can be read by everybody; chmod 600 ${file}`] : [])
  })
})
