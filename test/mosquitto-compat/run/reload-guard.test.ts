import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadMosquittoConf } from '../../../mosquitto-compat/load-mosquitto-conf.ts'
import { guardedReload } from '../../../mosquitto-compat/run/reload-guard.ts'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-guard-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function loading(): { conf(text: string): void; load(): number } {
  const file = join(directory, 'm.conf')
  const load = guardedReload(() => loadMosquittoConf({ file }))
  return { conf: (text) => writeFileSync(file, text), load: () => load().settings.listeners.length }
}

describe('a conf that is read again', () => {
  it.each([
    ['empty', ''],
    ['cut off in its comments', '# The broker of the pl'],
  ])('is refused when it is %s, for it would let this machine in without a login', (_, torn) => {
    const { conf, load } = loading()
    conf('listener 1883\n')
    expect(load()).toBe(1)
    conf(torn)
    expect(load).toThrow('the conf named listeners and names none now')
    conf('listener 1883\nlistener 1884\n')
    expect(load()).toBe(2)
  })

  it('may come to name listeners, and is held to that', () => {
    const { conf, load } = loading()
    conf('')
    expect(load()).toBeGreaterThan(0)
    conf('allow_anonymous false\n')
    expect(load()).toBeGreaterThan(0)
    conf('listener 1883\n')
    expect(load()).toBe(1)
    conf('')
    expect(load).toThrow('the conf named listeners and names none now')
  })
})
