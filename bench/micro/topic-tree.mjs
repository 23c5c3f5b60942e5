// The tree of retained messages by itself: values replaced, found, and gone through by a filter.
const topicCounts = [1000, 100_000]

/** How the tree is called: bytes and numbers or, in builds before that, strings and anything. */
async function api(load) {
  const { TopicTree } = await load('topics/topic-tree.js')
  const takesBytes = 'levelCount' in TopicTree.prototype
  return {
    newTree: () => new TopicTree(),
    asTopic: (topicName) => (takesBytes ? Buffer.from(topicName) : topicName),
    /** Goes through all that matches and returns how many that are. */
    walk: takesBytes ? walkNumbers : walkValues,
  }
}

function walkNumbers(tree, topicFilter) {
  let found = 0
  const walk = tree.walk(topicFilter)
  for (let value = walk.next(); value >= 0; value = walk.next()) if (value > 0) found++
  return found
}

function walkValues(tree, topicFilter) {
  let found = 0
  for (const value of tree.walk(topicFilter)) if (value !== undefined) found++
  return found
}

export default async function cases(load) {
  const { newTree, asTopic, walk } = await api(load)

  const onTree = (name, topicCount, begin) => ({
    name: `tree ${name}, ${topicCount} topics`,
    prepare() {
      const tree = newTree()
      for (let index = 0; index < topicCount; index++) tree.set(asTopic(topicOf(index)), index + 1)
      const sample = Array.from({ length: 1000 }, (_, index) => asTopic(topicOf(index * (topicCount / 1000))))
      return begin(tree, sample, topicCount)
    },
  })

  const comingAndGoing = (tree, _sample, topicCount) => {
    const fresh = Array.from({ length: 1000 }, (_, index) => asTopic(topicOf(topicCount + index)))
    return () => {
      for (const topic of fresh) tree.set(topic, 1)
      for (const topic of fresh) tree.delete(topic)
      return fresh.length
    }
  }
  /** Per value found. */
  const walking = (topicFilter) => (tree) => () => walk(tree, asTopic(topicFilter))

  return topicCounts.flatMap((topicCount) => [
    onTree('set', topicCount, replacing),
    onTree('get', topicCount, finding),
    onTree('set and delete', topicCount, comingAndGoing),
    onTree('walk #', topicCount, walking('#')),
    onTree('walk site/+/line/7/#', topicCount, walking('site/+/line/7/#')),
  ])
}

/** Beginnings of a case: each returns what is to be run. */
function replacing(tree, sample) {
  return () => {
    for (const topic of sample) tree.set(topic, 1)
    return sample.length
  }
}

function finding(tree, sample) {
  return () => {
    for (const topic of sample) if (!tree.get(topic)) throw new Error('a topic is not there')
    return sample.length
  }
}

function topicOf(index) {
  return `site/${index % 100}/line/${Math.floor(index / 100)}/temperature`
}
