import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Form } from '../../mosquitto-compat/conf/option.ts'
import { type OptionName, options } from '../../mosquitto-compat/conf/options.ts'
import { settingsText } from '../../mosquitto-compat/report/settings-text.ts'
import { importReport } from '../../mosquitto-compat/report/import-report.ts'
import { checkSettings } from '../../src/settings/settings.ts'
import { faultsOf, load } from './conf-files.ts'

const names = Object.keys(options) as OptionName[]
const runs = { numRuns: 150 }

const strangeValue = fc.oneof(
  fc.constantFrom('true', '0', '-1', '20000', 'file', 'a b', '0 /s', '""', '${A}', '#', '2147483648', '3,4', '0x7g'),
  fc.string({ maxLength: 20 }),
)
const strangeLine = fc.oneof(
  fc.tuple(fc.constantFrom(...names, 'plugin_opt_x'), strangeValue).map(([name, value]) => `${name} ${value}`),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

/** Options whose text is not free. */
const formed: Readonly<Partial<Record<OptionName, readonly string[]>>> = {
  accept_protocol_versions: ['3', '4, 5', '3,4,5'],
  log_dest: ['none', 'stderr', 'stdout', 'syslog', 'topic'],
  topiary_http_listener: ['20001', '20002 ::1'],
  topiary_unix_socket_mode: ['660', '0600'],
  mount_point: ['m/', 'a'],
}

/** What would contradict other lines, or open a scope of its own. */
const left = new Set<OptionName>([
  'bind_interface',
  'cafile',
  'capath',
  'certfile',
  'enable_proxy_protocol',
  'include_dir',
  'keyfile',
  'listener',
  'per_listener_settings',
  'proxy_protocol_v2_require_tls',
  'psk_hint',
  'tls_keyform',
  'use_identity_as_username',
  'use_subject_as_username',
])
const scopes = new Set(['general', 'security', 'listener'])
const usable = names.filter(
  (name) =>
    scopes.has(options[name].scope) && !left.has(name) && !/^(plugin|global_plugin|auth_plugin|connection$)/.test(name),
)

function goodValue(form: Form, name: OptionName): fc.Arbitrary<string> {
  switch (form.kind) {
    case 'boolean':
      return fc.constantFrom('true', 'false', '1', '0')
    case 'integer':
      return fc.integer({ min: form.least, max: form.most }).map(String)
    case 'choice':
      return fc.constantFrom(...form.choices)
    case 'duration':
      return fc
        .tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.constantFrom(...'shdwmy'))
        .map(([n, unit]) => `${n}${unit}`)
    case 'text':
      return fc.constantFrom(...(formed[name] ?? ['text', '/a path/with ${VARIABLE}', "it's: #1", 'ü']))
  }
}

const goodLine = fc
  .constantFrom(...usable)
  .chain((name) => goodValue(options[name].form, name).map((value) => [name, value] as const))
const goodLines = fc.uniqueArray(goodLine, { selector: ([name]) => name, maxLength: 12 })

const goodFile = fc
  .tuple(fc.boolean(), goodLines, fc.array(goodLines, { maxLength: 3 }))
  .map(([perListener, general, listeners]) => {
    const ofAll = general.filter(([name]) => options[name].scope !== 'listener')
    // one text twice is a fault, and before per_listener_settings takes hold rights are those of all
    const told = new Set(ofAll.map(([name]) => name))
    const ofEach = listeners.map((lines) =>
      lines.filter(([name]) => options[name].scope === 'listener' || (perListener && !told.has(name))),
    )
    const ofOne = ofEach.map((lines) => lines.filter(([name]) => options[name].scope !== 'general'))
    const blocks = ofOne.map((lines, index) => [`listener ${20_000 + index}`, ...lines.map((line) => line.join(' '))])
    return [`per_listener_settings ${perListener}`, ...ofAll.map((line) => line.join(' ')), ...blocks.flat()].join('\n')
  })

describe('a mosquitto.conf of chance', () => {
  it('ends in settings or in faults of one kind, each with its line', () => {
    fc.assert(
      fc.property(fc.array(strangeLine, { maxLength: 15 }), (lines) => {
        for (const fault of faultsOf(() => load(lines.join('\n')))) {
          expect(fault).toMatch(/^f:\d+: |^and \d+ more/)
        }
      }),
      runs,
    )
  })

  it('becomes settings that hold their own check when all its lines are good', () => {
    fc.assert(
      fc.property(goodFile, (text) => {
        const loaded = load(text)
        expect(checkSettings(loaded.given)).toEqual({ settings: loaded.settings })
        expect(settingsText(loaded)).toContain('listeners:')
        expect(importReport(loaded)).toContain('mapped: ')
      }),
      runs,
    )
  })
})
