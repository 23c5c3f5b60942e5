import type { BrokerView } from '../../src/server/broker.ts'

interface Node {
  readonly children: Map<string, Node>
  readonly notes: string[]
}

/** Subscriptions and retained topics as trees, two spaces a level: `name (client, qos)`, `name (r)`. */
export function treesText({ subscriptions, retainedTopics }: BrokerView): string {
  const subscribed = newNode()
  for (const { clientId, topicFilter, qos } of subscriptions) {
    grow(subscribed, topicFilter).notes.push(`(${clientId}, ${qos})`)
  }
  const retained = newNode()
  for (const topic of retainedTopics) grow(retained, topic).notes.push('(r)')
  return `Subscriptions:\n${linesOf(subscribed, 1)}Retained:\n${linesOf(retained, 1)}`
}

function newNode(): Node {
  return { children: new Map(), notes: [] }
}

function grow(root: Node, topic: string): Node {
  let at = root
  for (const level of topic.split('/')) {
    const next = at.children.get(level) ?? newNode()
    at.children.set(level, next)
    at = next
  }
  return at
}

function linesOf({ children }: Node, depth: number): string {
  return [...children]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, node]) => `${'  '.repeat(depth)}${[name, ...node.notes].join(' ')}\n${linesOf(node, depth + 1)}`)
    .join('')
}
