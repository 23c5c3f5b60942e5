import { describe, expect, it } from 'vitest'
import type { Limits } from '../../src/contracts/limits.ts'
import { completeSettings, defaultLimits, defaultSettings } from '../../src/settings/settings.ts'

describe('settings', () => {
  it('are the defaults when nothing is given', () => {
    expect(completeSettings()).toEqual(defaultSettings)
  })

  it('keep the default of what is left out or undefined', () => {
    const limits = { receiveMaximum: undefined, maximumTopicLevels: 7 } as unknown as Partial<Limits>
    expect(completeSettings({ limits }).limits).toEqual({ ...defaultLimits, maximumTopicLevels: 7 })
  })

  const wrong: readonly (readonly [name: keyof Limits, value: number, part: string])[] = [
    ['receiveMaximum', 0, 'from 1 to 65535, not 0'],
    ['topicAliasMaximum', 65_536, 'from 0 to 65535'],
    ['maximumPacketBytes', 10, 'from 64'],
    ['maximumQueuedMessages', -1, 'from 0'],
    ['maximumQueuedBytes', 1.5, 'a whole number'],
    ['maximumConnections', Number.NaN, 'a whole number'],
  ]
  it.each(wrong)('limits.%s cannot be %d', (name, value, part) => {
    expect(() => completeSettings({ limits: { [name]: value } })).toThrow(RangeError)
    expect(() => completeSettings({ limits: { [name]: value } })).toThrow(part)
    expect(() => completeSettings({ limits: { [name]: value } })).toThrow(`limits.${name}`)
  })
})
