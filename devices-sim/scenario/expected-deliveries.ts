import { SubscriptionTrie } from '../../src/topics/subscription-trie.ts'
import { TopicScratch } from '../../src/topics/topic-scratch.ts'
import { type Flow, flowsOf } from './flows.ts'
import { ANY_RUN, deviceIdentities, subscriberIdentities } from './identities.ts'
import type { Scenario, SubscriberGroup } from './schema.ts'
import { compileTemplate, variablesOf } from './template.ts'

/** What subscribers get of one flow. */
export interface ExpectedDelivery {
  /** Name of the group. */
  readonly subscriber: string
  /** The one of the group that gets it, 1 for the first; undefined where all have the same filters. */
  readonly number: number | undefined
  /** Each message to one of the group. */
  readonly isShared: boolean
  readonly flow: Flow
  /** The lower of what is published and subscribed. */
  readonly qos: 0 | 1 | 2
  /** Devices of the flow of which at least one topic matches. */
  readonly devices: number
  /** Whether a message arrives. `device` counts within its fleet from 0 on, `topic` in the topics of the flow. */
  receives(device: number, topic?: number): boolean
}

/** Two filters of one subscriber that match one topic; a broker may then deliver twice. */
export interface FilterOverlap {
  readonly subscriber: string
  /** Their places in `filters`. */
  readonly filters: readonly [number, number]
  readonly topic: string
}

export interface Matches {
  readonly deliveries: ExpectedDelivery[]
  readonly overlaps: FilterOverlap[]
}

/** Who gets what, exactly: every topic of every device is matched. Subscribers that get nothing of a flow are left out. */
export function expectedDeliveries(scenario: Scenario, run: string = ANY_RUN): ExpectedDelivery[] {
  return matchFlows(scenario, run).deliveries
}

/**
 *   filter text -> trie, once for all who ask for it
 *   each topic  -> filters that match -> places (device * topics + topic) of the flow
 *   each reader -> the places of its filters, merged
 */
export function matchFlows(scenario: Scenario, run: string = ANY_RUN): Matches {
  const readers = readersOf(scenario, run)
  const trie = new SubscriptionTrie<string>()
  for (const { filters } of readers) for (const filter of filters) trie.add(filter, filter)
  const deliveries: ExpectedDelivery[] = []
  const overlaps: FilterOverlap[] = []
  for (const flow of flowsOf(scenario)) {
    const found = placesByFilter(scenario, flow, trie, run)
    for (const reader of readers) {
      const { places, twice } = merged(reader, found)
      if (places.length > 0) deliveries.push(deliveryOf(reader, flow, places))
      if (twice !== undefined) {
        const topic = topicAt(scenario, flow, twice.place, run)
        overlaps.push({ subscriber: reader.group, filters: twice.filters, topic })
      }
    }
  }
  return { deliveries, overlaps }
}

/** All subscribers of a group, or one where each has filters of its own. */
interface Reader {
  readonly group: string
  readonly number: number | undefined
  readonly options: SubscriberGroup
  readonly filters: readonly string[]
}

function readersOf(scenario: Scenario, run: string): Reader[] {
  return Object.entries(scenario.subscribers).flatMap(([group, options]) => {
    const identity = subscriberIdentities(scenario, group, run)
    const templates = options.filters.map(compileTemplate)
    const reader = (number: number | undefined): Reader => {
      const values = identity(number ?? 1)
      return { group, number, options, filters: templates.map((template) => template(values)) }
    }
    if (!options.filters.some(isPerClient)) return [reader(undefined)]
    return Array.from({ length: options.count }, (_, index) => reader(index + 1))
  })
}

function isPerClient(template: string): boolean {
  const names = variablesOf(template)
  return names.has('number') || names.has('client')
}

function placesByFilter(scenario: Scenario, flow: Flow, trie: SubscriptionTrie<string>, run: string) {
  const found = new Map<string, number[]>()
  const scratch = new TopicScratch()
  const topics = flow.topics.map((template) => ({
    topic: compileTemplate(template),
    isPerClient: isPerClient(template),
  }))
  const identity = deviceIdentities(scenario, flow.fleet, run)
  for (const [index, { topic, isPerClient: isOwn }] of topics.entries()) {
    const place = (device: number): number => device * topics.length + index
    for (let device = 0; device < (isOwn ? flow.devices : 1); device++) {
      scratch.write(topic(identity(device + 1)))
      const matching: string[] = []
      trie.match(scratch.bytes, 0, scratch.length, matching)
      for (const filter of matching) {
        let places = found.get(filter)
        if (places === undefined) found.set(filter, (places = []))
        if (isOwn) places.push(place(device))
        else for (let each = 0; each < flow.devices; each++) places.push(place(each))
      }
    }
  }
  return found
}

interface Merged {
  readonly places: readonly number[]
  readonly twice: { readonly place: number; readonly filters: readonly [number, number] } | undefined
}

function merged({ filters }: Reader, found: ReadonlyMap<string, readonly number[]>): Merged {
  const matching = [...filters.entries()].filter(([, filter]) => found.has(filter))
  const [first] = matching
  if (first === undefined) return { places: [], twice: undefined }
  if (matching.length === 1) return { places: found.get(first[1]) ?? [], twice: undefined }
  const filterOf = new Map<number, number>()
  let twice: Merged['twice']
  for (const [index, filter] of matching) {
    for (const place of found.get(filter) ?? []) {
      const before = filterOf.get(place)
      if (before === undefined) filterOf.set(place, index)
      else twice ??= { place, filters: [before, index] }
    }
  }
  return { places: [...filterOf.keys()], twice }
}

function deliveryOf({ group, number, options }: Reader, flow: Flow, places: readonly number[]): ExpectedDelivery {
  const topics = flow.topics.length
  const isEverything = places.length === flow.devices * topics
  const set = isEverything ? undefined : new Set(places)
  return {
    subscriber: group,
    number,
    isShared: options.share !== undefined,
    flow,
    qos: Math.min(flow.qos, options.qos) as 0 | 1 | 2,
    devices: topics === 1 ? places.length : new Set(places.map((place) => Math.floor(place / topics))).size,
    receives: (device, topic = 0) => set === undefined || set.has(device * topics + topic),
  }
}

function topicAt(scenario: Scenario, flow: Flow, place: number, run: string): string {
  const device = Math.floor(place / flow.topics.length)
  const template = flow.topics[place % flow.topics.length] ?? ''
  return compileTemplate(template)(deviceIdentities(scenario, flow.fleet, run)(device + 1))
}
