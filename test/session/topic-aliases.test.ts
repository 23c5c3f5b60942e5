import { describe, expect, it } from 'vitest'
import { InboundTopicAliases, OutboundTopicAliases } from '../../src/session/topic-aliases.ts'

describe('InboundTopicAliases', () => {
  it('gives the topic set last for an alias', () => {
    const aliases = new InboundTopicAliases<string>(10)
    expect(aliases.maximum).toBe(10)
    expect(aliases.get(1)).toBeUndefined()
    aliases.set(1, 'a')
    aliases.set(10, 'b')
    aliases.set(1, 'c')
    expect([aliases.get(1), aliases.get(2), aliases.get(10)]).toEqual(['c', undefined, 'b'])
  })
})

describe('OutboundTopicAliases', () => {
  it('gives the first topics an alias each, from 1, until all are taken [MQTT5-3.1.2-26]', () => {
    const aliases = new OutboundTopicAliases(2)
    expect([aliases.known('a'), aliases.free()]).toEqual([0, 1])
    aliases.introduced('a', 1)
    expect([aliases.known('a'), aliases.known('b'), aliases.free()]).toEqual([1, 0, 2])
    aliases.introduced('b', 2)
    expect([aliases.known('a'), aliases.known('b'), aliases.known('c'), aliases.free()]).toEqual([1, 2, 0, 0])
  })

  it('an alias that was free stays free until it is introduced', () => {
    const aliases = new OutboundTopicAliases(1)
    expect([aliases.free(), aliases.free()]).toEqual([1, 1])
  })

  it('a maximum of 0 is none [MQTT5-3.1.2-27]', () => {
    expect(new OutboundTopicAliases(0).free()).toBe(0)
  })
})
