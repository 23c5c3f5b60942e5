import { DOLLAR, HASH, PLUS, SLASH } from './topic-bytes.ts'

/**
 * Topic names and topic filters, section 4.7. Levels are what lies between slashes, empty ones included, and are
 * compared byte by byte: nothing is trimmed or normalised. [MQTT5-4.7.3-4]
 */

export function splitLevels(topic: string): string[] {
  return topic.split('/')
}

/** Every text on the wire has two bytes for its length. [MQTT5-1.5.4-1] */
const MAXIMUM_TEXT_BYTES = 65_535
const encoder = new TextEncoder()

/**
 * What is wrong with a topic name or filter that did not come off the wire, as far as the wire could not carry it, or
 * undefined. What it can carry has its form checked by the functions below.
 */
export function topicTextFault(topic: string): string | undefined {
  if (topic.includes('\0')) return 'it holds U+0000' // [MQTT5-4.7.3-2]
  if (/\p{Surrogate}/u.test(topic)) return 'it holds half a surrogate pair'
  if (encoder.encode(topic).length > MAXIMUM_TEXT_BYTES) return 'it is longer than 65,535 bytes' // [MQTT5-4.7.3-3]
  return undefined
}

/** A topic for a message to people, who do not want to read all of one that is too long. */
export function quotedTopic(topic: string): string {
  return topic.length <= LONGEST_QUOTED ? JSON.stringify(topic) : `${JSON.stringify(topic.slice(0, LONGEST_QUOTED))}...`
}

const LONGEST_QUOTED = 256

/** What is wrong with a topic name, or undefined. U+0000 and bad UTF-8 never get this far. */
export function topicNameFault(topicName: string, maximumLevels: number): string | undefined {
  if (topicName === '') return 'a topic name has at least one character' // [MQTT5-4.7.3-1]
  if (topicName.includes('+') || topicName.includes('#')) return 'a topic name holds no wildcard' // [MQTT5-3.3.2-2]
  if (hasMoreLevels(topicName, maximumLevels)) return `a topic name has at most ${maximumLevels} levels`
  // the text gives a topic name like $share/group/topic no meaning: refused, so that nobody takes it for a group
  if (topicName.startsWith(SHARE_PREFIX)) return 'nothing is published to $share/'
  return undefined
}

/** Whether bytes[start..end) are a topic name beyond doubt: printable ASCII without wildcards, and no `$` in front. */
export function isPlainTopicName(bytes: Uint8Array, start: number, end: number, maximumLevels: number): boolean {
  if (end <= start || bytes[start] === DOLLAR) return false
  let levels = 1
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte === SLASH) levels++
    else if (byte < 0x20 || byte > 0x7e || byte === PLUS || byte === HASH) return false
  }
  return levels <= maximumLevels
}

/** What is wrong with the form of a topic filter without its $share part, or undefined. */
export function topicFilterFault(topicFilter: string): string | undefined {
  if (topicFilter === '') return 'a topic filter has at least one character' // [MQTT5-4.7.3-1]
  const { length } = topicFilter
  for (let at = topicFilter.indexOf('#'); at >= 0; at = topicFilter.indexOf('#', at + 1)) {
    if (at !== length - 1 || !isLevelStart(topicFilter, at)) return '# fills the last level alone' // [MQTT5-4.7.1-1]
  }
  for (let at = topicFilter.indexOf('+'); at >= 0; at = topicFilter.indexOf('+', at + 1)) {
    const isAlone = isLevelStart(topicFilter, at) && (at === length - 1 || topicFilter[at + 1] === '/')
    if (!isAlone) return '+ fills a level alone' // [MQTT5-4.7.1-2]
  }
  return undefined
}

function isLevelStart(topic: string, at: number): boolean {
  return at === 0 || topic[at - 1] === '/'
}

export function hasMoreLevels(topic: string, maximumLevels: number): boolean {
  let levels = 1
  for (let at = topic.indexOf('/'); at >= 0; at = topic.indexOf('/', at + 1)) if (++levels > maximumLevels) return true
  return false
}

export function hasWildcard(topicFilter: string): boolean {
  return topicFilter.includes('+') || topicFilter.includes('#')
}

export const SHARE_PREFIX = '$share/'

export interface SharedFilter {
  readonly shareName: string
  readonly topicFilter: string
}

/** Takes `$share/{ShareName}/{filter}` apart; undefined when the form is wrong. [MQTT5-4.8.2-1] [MQTT5-4.8.2-2] */
export function parseSharedFilter(filter: string): SharedFilter | undefined {
  const nameEnd = filter.indexOf('/', SHARE_PREFIX.length)
  if (nameEnd < 0) return undefined
  const shareName = filter.slice(SHARE_PREFIX.length, nameEnd)
  const topicFilter = filter.slice(nameEnd + 1)
  if (shareName === '' || hasWildcard(shareName) || topicFilter === '') return undefined
  return { shareName, topicFilter }
}

/** Whether a filter matches a topic name, both as levels. */
export function levelsMatch(filterLevels: readonly string[], topicLevels: readonly string[]): boolean {
  const first = filterLevels[0]
  if ((first === '+' || first === '#') && topicLevels[0]?.startsWith('$')) return false // [MQTT5-4.7.2-1]
  for (let index = 0; index < filterLevels.length; index++) {
    const level = filterLevels[index]
    if (level === '#') return true // also the parent: a/# matches a
    if (index >= topicLevels.length) return false
    if (level !== '+' && level !== topicLevels[index]) return false
  }
  return filterLevels.length === topicLevels.length
}
