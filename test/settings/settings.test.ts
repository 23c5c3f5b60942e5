import { describe, expect, it } from 'vitest'
import type { Limits } from '../../src/contracts/limits.ts'
import { completeSettings, defaultSettings } from '../../src/settings/settings.ts'

describe('settings', () => {
  it('are the defaults when nothing is given', () => {
    expect(completeSettings()).toEqual(defaultSettings)
  })

  it('keep the default of what is left out or undefined', () => {
    const limits = { receiveMaximum: undefined, maximumTopicLevels: 7 } as unknown as Partial<Limits>
    expect(completeSettings({ limits }).limits).toEqual({ ...defaultSettings.limits, maximumTopicLevels: 7 })
  })

  const wrong: readonly (readonly [name: keyof Limits, value: number, part: string])[] = [
    ['receiveMaximum', 0, 'from 1 to 65535, not 0'],
    ['topicAliasMaximum', 65_536, 'from 0 to 65535'],
    ['maximumPacketBytes', 10, 'from 20'],
    ['maximumQueuedMessages', -1, 'from 0'],
    ['maximumQueuedBytes', 1.5, 'a whole number'],
    ['maximumConnections', Number.NaN, 'a whole number'],
  ]
  it.each(wrong)('limits.%s cannot be %d', (name, value, part) => {
    expect(() => completeSettings({ limits: { [name]: value } })).toThrow(RangeError)
    expect(() => completeSettings({ limits: { [name]: value } })).toThrow(part)
    expect(() => completeSettings({ limits: { [name]: value } })).toThrow(`limits.${name}`)
  })

  const refused: readonly (readonly [settings: object, message: string])[] = [
    [{ limits: { maxConnections: 3 } }, 'there is no setting limits.maxConnections'],
    [{ port: 1884 }, 'there is no setting port'],
    [{ limits: { maximumPacketBytes: 'lots' } }, 'limits.maximumPacketBytes must be a whole number'],
    [{ limits: { queueFullPolicy: 'x' } }, 'must be one of drop-oldest, drop-newest, reject-publish'],
    [{ limits: { queueQos0: 1 } }, 'limits.queueQos0 must be true or false, not 1'],
    [{ features: { maximumQos: 3 } }, 'features.maximumQos must be one of 0, 1, 2'],
    [{ listeners: [{ kind: 'quic', port: 1 }] }, 'listeners[0].kind must be one of tcp, websocket, unix, not "quic"'],
    [{ listeners: [{ kind: 'tcp', port: 70_000 }] }, 'listeners[0].port must be a whole number'],
  ]
  it.each(refused)('%j is refused', (settings, message) => {
    expect(() => completeSettings(settings as object)).toThrow(message)
  })
})
