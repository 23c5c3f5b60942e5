import { UsageError } from './cli-error.ts'

/** A UTF-8 Encoded String carries its length in two bytes. */
const maximumTopicBytes = 65_535
const shownCharacters = 60

/** Ends with a UsageError when nothing can be published to `topicName`. */
export function checkTopicName(flag: string, topicName: string): void {
  checkLength(flag, topicName)
  const shown = shownTopic(topicName)
  if (/[#+]/.test(topicName)) throw new UsageError(`${flag} must not hold the wildcards + and #: "${shown}"`)
  if (topicName.startsWith('$share/')) {
    throw new UsageError(`${flag} must not begin with $share/, which only sub understands: "${shown}"`)
  }
}

export function checkTopicFilter(flag: string, topicFilter: string): void {
  checkLength(flag, topicFilter)
  const levels = topicFilter.split('/')
  const isRight = levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1
    return level === '+' || !/[#+]/.test(level)
  })
  if (isRight) return
  const rule = '+ stands for a whole level, # for all at the end'
  throw new UsageError(`${flag} "${shownTopic(topicFilter)}" is no topic filter: ${rule}`)
}

/** A topic as messages show it: a long one shortened. */
export function shownTopic(topic: string): string {
  const characters = [...topic.slice(0, 2 * shownCharacters + 2)]
  if (characters.length <= shownCharacters) return topic
  return `${characters.slice(0, shownCharacters - 3).join('')}...`
}

function checkLength(flag: string, topic: string): void {
  if (topic === '') throw new UsageError(`${flag} must not be empty`)
  const bytes = Buffer.byteLength(topic)
  if (bytes <= maximumTopicBytes) return
  throw new UsageError(`${flag} has ${bytes} bytes, more than the ${maximumTopicBytes} of MQTT: "${shownTopic(topic)}"`)
}
