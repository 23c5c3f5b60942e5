import type { DurabilityLevel, DurabilityTerms } from '../contracts/durability.ts'
import type { Settings } from '../settings/settings.ts'
import { SHARE_PREFIX, quotedTopic, topicFilterFault, topicTextFault } from '../topics/topic-syntax.ts'
import type { Findings } from './findings.ts'

/** Where state is kept, and how, checked. */
export interface StorageTerms {
  /** undefined: in memory only. */
  readonly directory: string | undefined
  readonly durability: DurabilityTerms
}

export function prepareStorage({ storage, listeners }: Settings, findings: Findings): StorageTerms {
  const { directory, memory, durability: level, intervalMs, topics: rules } = storage
  const isForMemory = memory || level === 'memory'
  if (memory && directory !== undefined) {
    findings.attempt(['storage', 'memory'], () => {
      throw new Error('state cannot be in memory only and in a directory; leave out memory or directory')
    })
  }
  if (level === 'memory' && directory !== undefined && !memory) {
    findings.warn(`${directory} is not used: storage.durability is memory`)
  }
  for (const [index, rule] of rules.entries()) {
    findings.attempt(['storage', 'topics', index], () => {
      for (const filter of rule.topics) refuseBadFilter(filter)
      if (level === 'memory') refuseMore(rule.durability)
    })
  }
  for (const [index, { durability }] of listeners.entries()) {
    if (level !== 'memory' || durability === undefined) continue
    findings.attempt(['listeners', index, 'durability'], () => refuseMore(durability))
  }
  const asked = new Set([level, ...[...rules, ...listeners].map(({ durability }) => durability)])
  const strictest = strictness.find((one) => asked.has(one)) ?? level
  return { directory: isForMemory ? undefined : directory, durability: { level, intervalMs, rules, strictest } }
}

const strictness: readonly DurabilityLevel[] = ['always', 'interval', 'memory']

/** What a reload cannot change: the state would have to move. Throws an Error that says what to do. */
export function refuseStorageChange(before: StorageTerms, after: StorageTerms, findings: Findings): void {
  if (before.directory === after.directory) return
  findings.attempt(['storage'], () => {
    const [was, wanted] = [placeOf(before), placeOf(after)]
    throw new Error(`state is kept in ${was} and cannot move to ${wanted} while the broker runs; stop it and start it`)
  })
}

function placeOf({ directory }: StorageTerms): string {
  return directory ?? 'memory only'
}

function refuseBadFilter(filter: string): void {
  const isShared = filter.startsWith(SHARE_PREFIX)
  const fault = isShared ? 'publishes do not go to $share/' : (topicTextFault(filter) ?? topicFilterFault(filter))
  if (fault !== undefined) throw new Error(`the topic filter ${quotedTopic(filter)} is wrong: ${fault}`)
}

function refuseMore(durability: DurabilityLevel): void {
  if (durability === 'memory') return
  throw new Error(
    `${durability} has no effect while storage.durability is memory: no session outlives the process to get what was ` +
      'kept; set storage.durability to interval or always',
  )
}
