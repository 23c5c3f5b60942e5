import { describe, expect, it } from 'vitest'
import { confLines } from '../../mosquitto-compat/conf/conf-line.ts'
import type { Form } from '../../mosquitto-compat/conf/option.ts'
import { type OptionName, options } from '../../mosquitto-compat/conf/options.ts'
import { readConf } from '../../mosquitto-compat/conf/read-conf.ts'
import { load } from './conf-files.ts'
import { optionCases } from './option-cases.ts'

const names = Object.keys(options) as OptionName[]

/** Texts that have a form of their own. */
const words: Readonly<Partial<Record<OptionName, string>>> = {
  listener: '20001',
  connection: 'b',
  topic: 'a/# both 1 local/ remote/',
  address: 'localhost:1883',
  addresses: 'localhost [::1]:1883',
  restart_timeout: '5 30',
  bridge_psk: '00ff',
  plugin_load: 'name /path',
  plugin_use: 'loaded',
  include_dir: '/tmp',
}

function valuesOf(form: Form, name: OptionName): { good: string[]; bad: string[] } {
  switch (form.kind) {
    case 'boolean':
      return { good: ['true', 'false', '1', '0', 'true x'], bad: ['yes', 'TRUE', 'on', '2', ''] }
    case 'integer': {
      const bounds = [form.least, form.most]
      const outside = [form.least - 1, form.most + 1]
      return { good: bounds.map(String), bad: [...outside.map(String), 'x', '1x', '1.5', '09', '0x', '-', ''] }
    }
    case 'choice':
      return { good: [...form.choices], bad: ['nonsense', ''] }
    case 'duration':
      return { good: ['1s', '2h', '3d', '4w', '5m', '6y'], bad: ['10', '0d', '-1h', '1q', 'h', ''] }
    case 'text':
      if (form.mayBeEmpty) return { good: ['', 'some text'], bad: [] }
      return { good: [words[name] ?? 'some text'], bad: form.longest === undefined ? [''] : ['', 'x'.repeat(51)] }
  }
}

/** Where an option may stand. */
function linesBefore(name: OptionName): string {
  const { scope } = options[name]
  if (scope === 'listener')
    return name === 'plugin_use' ? 'plugin_load loaded /p\nlistener 20000\n' : 'listener 20000\n'
  if (scope === 'bridge') return `connection a\n${name.startsWith('address') ? '' : 'address h\n'}`
  return scope === 'plugin' ? 'plugin /p\n' : ''
}

function linesBehind(name: OptionName): string {
  const others: Partial<Record<OptionName, string>> = {
    connection: '\naddress h',
    bridge_psk: '\nbridge_identity i',
    bridge_identity: '\nbridge_psk 00',
    bridge_certfile: '\nbridge_keyfile k',
    bridge_keyfile: '\nbridge_certfile c',
  }
  return others[name] ?? ''
}

function faultsWith(name: OptionName, value: string): string[] {
  const faults: string[] = []
  const text = `${linesBefore(name)}${name} ${value}${linesBehind(name)}`
  readConf(confLines('f', text), '2.1', faults)
  return faults
}

describe.each(names.map((name) => [name, valuesOf(options[name].form, name)] as const))('%s', (name, values) => {
  it('takes what it may be', () => {
    for (const value of values.good) expect([value, faultsWith(name, value)]).toEqual([value, []])
  })

  it('refuses anything else with its line', () => {
    const line = linesBefore(name).split('\n').length
    for (const value of values.bad) {
      const [fault] = faultsWith(name, value)
      expect([value, fault]).toEqual([value, expect.stringMatching(new RegExp(`^f:${line}: ${name} (takes|needs) `))])
    }
  })
})

const cases = Object.entries(optionCases).flatMap(([name, list]) => list.map((one) => [name, ...one] as const))

describe('what an option becomes', () => {
  it.each(cases)('%s: %j', (_, lines, becomes) => {
    const { settings, process, httpApis } = load(lines)
    expect({ settings, process, httpApis }).toMatchObject(becomes)
  })

  it('is read in hexadecimal and octal too', () => {
    expect(load('max_inflight_messages 0x10\nmax_queued_messages 010').settings.limits).toMatchObject({
      maximumInflightMessages: 16,
      maximumQueuedMessages: 8,
    })
  })
})
