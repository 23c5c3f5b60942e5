import { describe, expect, it } from 'vitest'
import { Route } from '../../src/broker/route.ts'
import { RouteCache } from '../../src/broker/route-cache.ts'
import { encodeText } from '../../src/protocol/text.ts'

function find(cache: RouteCache, topic: string): Route | undefined {
  const bytes = encodeText(`<${topic}>`)
  return cache.find(cache.hash(bytes, 1, bytes.length - 1), bytes, 1, bytes.length - 1)
}

/** As a router does for a topic that is not found. */
function offer(cache: RouteCache, topic: string, isDear = false): Route {
  const bytes = encodeText(topic)
  const route = new Route(bytes, cache.hash(bytes, 0, bytes.length))
  cache.offer(route, isDear)
  return route
}

function keep(cache: RouteCache, topic: string): Route {
  return offer(cache, topic, true)
}

describe('RouteCache', () => {
  it('keeps a topic from the second time it comes', () => {
    const cache = new RouteCache()
    expect(offer(cache, 'a').isLasting).toBe(false)
    expect(find(cache, 'a')).toBeUndefined()
    const second = offer(cache, 'a')
    expect(second.isLasting).toBe(true)
    expect(find(cache, 'a')).toBe(second)
    expect(find(cache, 'b')).toBeUndefined()
  })

  it('keeps one that was dear to make at once', () => {
    const cache = new RouteCache()
    const route = keep(cache, 'a')
    expect(find(cache, 'a')).toBe(route)
  })

  it('forgets what nobody used for two generations, and nothing that is in use', () => {
    const cache = new RouteCache()
    const used = keep(cache, 'used')
    keep(cache, 'unused')
    for (let index = 0; index < 50_000; index++) {
      keep(cache, `topic/${index}`)
      if (index % 10_000 === 0) expect(find(cache, 'used'), `after ${index}`).toBe(used)
    }
    expect(find(cache, 'unused')).toBeUndefined()
    expect(find(cache, 'used')).toBe(used)
  })

  it('what moves from the old generation leaves those beside it', () => {
    const cache = new RouteCache()
    const routes = Array.from({ length: 16_384 }, (_, index) => keep(cache, `topic/${index}`))
    keep(cache, 'one more') // the others are the old generation now
    const found = routes.filter((route, index) => find(cache, `topic/${index}`) === route)
    expect(found.length).toBe(16_384)
  })

  it('is bounded by bytes as well', () => {
    const cache = new RouteCache()
    keep(cache, 'a')
    for (let generation = 0; generation < 2; generation++) {
      cache.weighs(16 * 1024 * 1024)
      keep(cache, `b${generation}`)
    }
    expect(find(cache, 'a')).toBeUndefined()
  })

  it('a thousand topics of one hash make no long list', () => {
    const cache = new RouteCache()
    for (let index = 0; index < 1000; index++) cache.offer(new Route(encodeText(`t${index}`), 7), true)
    let kept = 0
    for (let index = 0; index < 1000; index++) {
      const bytes = encodeText(`t${index}`)
      if (cache.find(7, bytes, 0, bytes.length) !== undefined) kept++
    }
    expect(kept).toBeLessThanOrEqual(16)
    expect(kept).toBeGreaterThan(0)
  })
})
