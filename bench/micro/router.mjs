// From topic bytes to a route, beside many exact filters: the same topic again, one of a thousand known ones, and
// always one that no cache knows any more. Each topic has one subscriber where there are filters.
const filterCounts = [0, 1000, 100_000]
/** More than both generations of the cache hold. */
const NEW_TOPICS = 40_000
const KNOWN_TOPICS = 1000

export default async function cases(load) {
  const { Router } = await load('broker/router.js')

  const resolving = (name, topicCount, filters) => ({
    name: `router ${name}, ${filters} filters`,
    prepare() {
      const router = new Router(authorizer, { maximumTopicLevels: 128 })
      for (let index = 0; index < filters; index++) router.add(topicOf(index), subscriptionOf(topicOf(index)))
      const topics = Array.from({ length: topicCount }, (_, index) => Buffer.from(topicOf(index)))
      let at = 0
      return () => {
        for (let count = 0; count < 1000; count++) {
          const topic = topics[at]
          if (++at === topics.length) at = 0
          router.resolve(topic, 0, topic.length)
        }
        return 1000
      }
    },
  })

  return filterCounts.flatMap((filters) => [
    resolving('same topic', 1, filters),
    resolving('known topic', KNOWN_TOPICS, filters),
    resolving('new topic', NEW_TOPICS, filters),
  ])
}

const authorizer = { epoch: 0, authorize: () => true, allowsAll: () => true }

function topicOf(index) {
  return `site/${index % 100}/line/${Math.floor(index / 100)}/temperature`
}

function subscriptionOf(topicFilter) {
  return {
    session: { clientId: topicFilter, user: undefined, link: undefined },
    filter: topicFilter,
    topicFilter,
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    subscriptionIdentifiers: [],
    group: undefined,
    hookAnswer: undefined,
  }
}
