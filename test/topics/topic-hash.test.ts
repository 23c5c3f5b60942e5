import { describe, expect, it } from 'vitest'
import { encodeText } from '../../src/protocol/text.ts'
import { hashBytes, spread } from '../../src/topics/topic-hash.ts'

function hashOf(text: string): number {
  const bytes = encodeText(`<${text}>`)
  return hashBytes(bytes, 1, bytes.length - 1)
}

describe('hashBytes', () => {
  it('is the same for the same bytes, wherever they lie', () => {
    expect(hashOf('a/b')).toBe(hashBytes(encodeText('a/b'), 0, 3))
    expect(hashOf('a/b')).not.toBe(hashOf('b/a'))
  })

  it('tells ten thousand names apart', () => {
    const hashes = new Set<number>()
    for (let index = 0; index < 10_000; index++) hashes.add(hashOf(`device-${index}`))
    expect(hashes.size).toBeGreaterThan(9_990)
  })

  it('spreads what is alike over the lower bits', () => {
    const places = new Set<number>()
    for (let index = 0; index < 4096; index++) places.add(spread(hashOf(`sensor/${index}`)) & 4095)
    expect(places.size).toBeGreaterThan(2300) // a random one fills 63 %
  })
})
