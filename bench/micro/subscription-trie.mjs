// The trie by itself: finding the filters of a topic, and filters that come and go.
const filterCounts = [1000, 100_000]

/** How the trie is called, in bytes or, in builds before that, in levels as strings. */
async function api(load) {
  const { SubscriptionTrie } = await load('topics/subscription-trie.js')
  const { splitLevels } = await load('topics/topic-syntax.js')
  const takesBytes = SubscriptionTrie.prototype.match.length === 4
  return {
    newTrie: () => new SubscriptionTrie(),
    asTopic: (topicName) => (takesBytes ? Buffer.from(topicName) : topicName),
    /** Adds what matches to `found`. */
    match: takesBytes
      ? (trie, topic, found) => trie.match(topic, 0, topic.length, found)
      : (trie, topic, found) => trie.match(splitLevels(topic), (value) => void found.push(value)),
  }
}

export default async function cases(load) {
  const { newTrie, asTopic, match } = await api(load)

  const filled = (filters, isWild) => {
    const trie = newTrie()
    for (let index = 0; index < filters; index++) trie.add(isWild ? wildOf(index) : topicOf(index), { index })
    return trie
  }

  const matching = (filters, isWild) => ({
    name: `trie match, ${filters} ${isWild ? 'wildcard' : 'exact'} filters`,
    prepare() {
      const trie = filled(filters, isWild)
      const topics = Array.from({ length: 1000 }, (_, index) => asTopic(topicOf(index * (filters / 1000))))
      const found = []
      return () => {
        found.length = 0
        for (const topic of topics) match(trie, topic, found)
        if (found.length < topics.length) throw new Error(`${found.length} of ${topics.length} filters were found`)
        return topics.length
      }
    },
  })

  const changing = (filters) => ({
    name: `trie add and remove, ${filters} filters`,
    prepare() {
      const trie = filled(filters, false)
      const value = {}
      const fresh = Array.from({ length: 1000 }, (_, index) => topicOf(filters + index))
      return () => {
        for (const topicFilter of fresh) trie.add(topicFilter, value)
        for (const topicFilter of fresh) trie.remove(topicFilter, value)
        return fresh.length
      }
    },
  })

  return filterCounts.flatMap((filters) => [matching(filters, false), matching(filters, true), changing(filters)])
}

function topicOf(index) {
  return `site/${index % 100}/line/${Math.floor(index / 100)}/temperature`
}

function wildOf(index) {
  return `site/+/line/${Math.floor(index / 100)}/${index % 100 === 0 ? '#' : `sensor-${index % 100}`}`
}
