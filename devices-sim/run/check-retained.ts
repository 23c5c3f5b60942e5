import type { ConnectTerms, Engine } from '../engines/engine.ts'
import { readMark, readMarkText } from '../payloads/read-mark.ts'
import type { Mark } from '../proof/mark.ts'
import { passBy } from './passing-client.ts'

/** What one process found of its retained topics. */
export interface RetainedFindings {
  readonly topics: number
  readonly right: number
  readonly wrong: number
  readonly missing: number
  readonly examples: readonly string[]
}

const TOPICS_AT_ONCE = 50
/** Silence after the last SUBACK that means that nothing more comes. */
const QUIET_MS = 300
const MOST_EXAMPLES = 5

/** Subscribes to each topic as somebody who comes late, and holds what is retained there against what was sent last. */
export async function checkRetained(
  engine: Engine,
  terms: ConnectTerms,
  expected: ReadonlyMap<string, Mark>,
): Promise<RetainedFindings> {
  const found = new Map<string, Mark | undefined>()
  const topics = [...expected.keys()]
  let next = 0
  let timer: NodeJS.Timeout | undefined
  await passBy(engine, terms, {
    connected(client) {
      client.subscribe(batch(topics, next))
    },
    subscribed(client) {
      next += TOPICS_AT_ONCE
      if (next < topics.length) return client.subscribe(batch(topics, next))
      timer = setTimeout(() => client.disconnect(), QUIET_MS)
    },
    received({ topic, retain, mark, payload }) {
      if (retain) found.set(topic, mark === undefined ? readMark(payload) : readMarkText(mark))
    },
  })
  clearTimeout(timer)
  return judge(expected, found)
}

function batch(topics: readonly string[], from: number): { readonly topicFilter: string; readonly qos: 1 }[] {
  return topics.slice(from, from + TOPICS_AT_ONCE).map((topicFilter) => ({ topicFilter, qos: 1 as const }))
}

function judge(expected: ReadonlyMap<string, Mark>, found: ReadonlyMap<string, Mark | undefined>): RetainedFindings {
  let [right, wrong, missing] = [0, 0, 0]
  const examples: string[] = []
  for (const [topic, mark] of expected) {
    const kept = found.get(topic)
    if (kept !== undefined && isSame(kept, mark)) {
      right++
      continue
    }
    if (found.has(topic)) wrong++
    else missing++
    if (examples.length < MOST_EXAMPLES) examples.push(`${topic}: ${exampleOf(mark, kept, found.has(topic))}`)
  }
  return { topics: expected.size, right, wrong, missing, examples }
}

function exampleOf(mark: Mark, kept: Mark | undefined, isThere: boolean): string {
  const last = `number ${mark.sequence} of stream ${mark.stream} was sent last`
  if (!isThere) return `nothing is retained, ${last}`
  return kept === undefined
    ? `another message is retained, ${last}`
    : `number ${kept.sequence} of stream ${kept.stream} is retained, ${last}`
}

function isSame(one: Mark, other: Mark): boolean {
  return (
    one.run === other.run &&
    one.device === other.device &&
    one.stream === other.stream &&
    one.sequence === other.sequence
  )
}
