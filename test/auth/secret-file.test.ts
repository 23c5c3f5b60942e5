import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { AuthFileError } from '../../src/auth/auth-file-error.ts'
import { readSecretFile } from '../../src/auth/secret-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'topiary-secret-'))
afterAll(() => rmSync(directory, { recursive: true }))

function fileOfMode(mode: number): string {
  const path = join(directory, `secret-${mode.toString(8)}`)
  writeFileSync(path, 'gr\u00fcn\n')
  chmodSync(path, mode)
  return path
}

describe('a secret file', () => {
  it.each([0o600, 0o400, 0o640, 0o660])('of mode %o is read without a word', (mode) => {
    const { bytes, text, warnings } = readSecretFile(fileOfMode(mode))
    expect({ bytes, text, warnings }).toEqual({ bytes: Buffer.from('gr\u00fcn\n'), text: 'gr\u00fcn\n', warnings: [] })
  })

  it.each([0o604, 0o644])('of mode %o is read with a warning', (mode) => {
    const path = fileOfMode(mode)
    expect(readSecretFile(path).warnings).toEqual([`${path} can be read by everybody; chmod 600 ${path}`])
  })

  it.each([0o602, 0o666])('of mode %o is refused', (mode) => {
    const path = fileOfMode(mode)
    const message = `${path} can be written by everybody; chmod 600 ${path}`
    expect(() => readSecretFile(path)).toThrow(new AuthFileError(message))
  })

  it.each(['', 'missing'])('that cannot be read is named: %j', (name) => {
    const path = join(directory, name)
    expect(() => readSecretFile(path)).toThrow(AuthFileError)
    expect(() => readSecretFile(path)).toThrow(`cannot read ${path}: `)
  })
})
