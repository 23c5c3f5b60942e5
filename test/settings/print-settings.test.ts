import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settingsDifference } from '../../src/settings/difference.ts'
import { printSettings } from '../../src/settings/print-settings.ts'
import { propertiesOf, type SchemaNode } from '../../src/documents/schema-node.ts'
import { settingsJsonSchema } from '../../src/settings/schema-node.ts'
import { checkSettings, completeSettings, type PartialSettings, type Settings } from '../../src/settings/settings.ts'
import { parseSettingsFile } from '../../src/settings/settings-file.ts'

/** Anything that the schema lets in. */
function valuesOf(node: SchemaNode): fc.Arbitrary<unknown> {
  const options = node.oneOf ?? node.anyOf
  if (options !== undefined) return fc.oneof(...options.map(valuesOf))
  if (node.const !== undefined) return fc.constant(node.const)
  if (node.enum !== undefined) return fc.constantFrom(...node.enum)
  if (node.pattern !== undefined) return fc.stringMatching(new RegExp(node.pattern))
  if (node.properties !== undefined) {
    const known = Object.entries(propertiesOf(node)).map(([name, inner]) => [name, valuesOf(inner)] as const)
    const requiredKeys = node.required ?? []
    return fc.record(Object.fromEntries(known), { requiredKeys: [...requiredKeys] })
  }
  const trouble = fc.constantFrom('${HOME}', '$${', 'null', '1e3', '#', '- a', 'a: b', '<<', "'", '\u2028', 'a\r\nb ')
  const text = fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), trouble)
  switch (node.type) {
    case 'integer':
      return fc.maxSafeInteger().map((any) => Math.min(Math.max(any, node.minimum ?? 0), node.maximum ?? 0))
    case 'boolean':
      return fc.boolean()
    case 'array':
      return fc.array(valuesOf(node.items ?? {}), { minLength: node.minItems ?? 0, maxLength: 3 })
    case 'object':
      return fc.dictionary(
        text.filter((name) => name !== '__proto__'),
        valuesOf(node.additionalProperties as SchemaNode),
        { maxKeys: 3 },
      )
    default:
      return text
  }
}

function readBack(printed: string): unknown {
  return checkSettings(parseSettingsFile(printed, 'printed', {}).given)
}

const passphrase = (settings: Settings): unknown[] =>
  settings.listeners.map((listener) => ('tls' in listener ? listener.tls?.keyPassphrase : undefined))

/** As printed: secrets are three stars. */
function starred(settings: Settings): unknown {
  return JSON.parse(JSON.stringify(settings, (key, value: unknown) => (key === 'keyPassphrase' ? '***' : value)))
}

function withPassphrase(keyPassphrase: string | undefined): PartialSettings {
  const tls = { certificateFile: 'a', keyFile: 'b', keyPassphrase }
  return { listeners: [{ kind: 'tcp', port: 1, tls }] }
}

describe('settings as printed', () => {
  it('are read as what they were, whatever they are', () => {
    const given = valuesOf(settingsJsonSchema())
    const property = fc.property(given, (some) => {
      const settings = completeSettings(some as PartialSettings)
      expect(readBack(printSettings(settings))).toEqual({ settings: starred(settings) })
    })
    fc.assert(property, { numRuns: 150 })
  })

  it('do not tell a secret', () => {
    const printed = printSettings(completeSettings(withPassphrase('hush')))
    expect(printed).toContain('keyPassphrase: "***"')
    expect(printed).not.toContain('hush')
    expect(passphrase(completeSettings(withPassphrase('hush')))).toEqual(['hush'])
  })
})

/** Groups are printed in any order of their settings. */
function sorted(texts: readonly string[]): string[] {
  return texts.map((text) => [...text].toSorted().join(''))
}

describe('the difference between settings', () => {
  const rights = { rules: [{ allow: 'all', topics: ['#'] }] } as const
  const cases: readonly (readonly [what: string, PartialSettings, PartialSettings, string[]])[] = [
    ['none', {}, {}, []],
    ['a limit', {}, { limits: { receiveMaximum: 5 } }, ['limits.receiveMaximum: 1024 -> 5']],
    ['a word', {}, { logLevel: 'warn' }, ['logLevel: "info" -> "warn"']],
    ['a group that is new', {}, { http: { port: 1 } }, ['http: not set -> {"port":1,"host":"127.0.0.1"}']],
    [
      'rights taken away',
      { rights },
      {},
      ['rights: {"rules":[{"allow":"all","topics":["#"]}],"default":"deny","groups":{}} -> not set'],
    ],
    [
      'a part of a rule',
      { rights },
      { rights: { rules: [{ allow: 'read', topics: ['#'] }] } },
      ['rights.rules[0].allow: "all" -> "read"'],
    ],
    [
      'a group of users called constructor',
      { rights },
      { rights: { ...rights, groups: { constructor: ['a'] } } },
      ['rights.groups.constructor: not set -> ["a"]'],
    ],
    [
      'a listener less',
      { listeners: [{ kind: 'unix', path: 'a' }] },
      { listeners: [] },
      ['listeners: [{"kind":"unix","path":"a","mode":"660","maximumConnections":0,"clientIdFromUser":false}] -> []'],
    ],
    [
      'a secret',
      withPassphrase('hush'),
      withPassphrase('silence'),
      ['listeners[0].tls.keyPassphrase: "***" -> "*** (another)"'],
    ],
    [
      'a secret less',
      withPassphrase('hush'),
      withPassphrase(undefined),
      ['listeners[0].tls.keyPassphrase: "***" -> not set'],
    ],
    ['the same secret', withPassphrase('hush'), withPassphrase('hush'), []],
  ]
  it.each(cases)('%s', (_, before, after, lines) => {
    const [one, other] = [completeSettings(before), completeSettings(after)]
    expect(sorted(settingsDifference(one, other))).toEqual(sorted(lines))
    expect(settingsDifference(one, other).join()).not.toMatch(/hush|silence/)
  })
})
