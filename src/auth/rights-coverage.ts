/** Whether every topic that `filter` can match is matched by `pattern`, both valid topic filters as levels. */
export function filterCovers(pattern: readonly string[], filter: readonly string[]): boolean {
  const asked = withoutEmptyParent(filter)
  const first = pattern[0]
  if ((first === '+' || first === '#') && asked[0]?.startsWith('$')) return false // [MQTT5-4.7.2-1]
  for (let index = 0; index < pattern.length; index++) {
    const level = pattern[index]
    if (level === '#') return true // also the parent: a/# covers a
    // a # that is asked for here also means topics that end above it, which this pattern does not match
    if (index >= asked.length || asked[index] === '#') return false
    if (level !== '+' && level !== asked[index]) return false
  }
  return pattern.length === asked.length
}

const anyTopic = ['+', '#']
const belowEmptyLevel = ['', '+', '#']

/** A topic has at least one character: what is above the `#` of these two filters is none, unlike that of others. */
function withoutEmptyParent(filter: readonly string[]): readonly string[] {
  if (filter.length === 1 && filter[0] === '#') return anyTopic
  return filter.length === 2 && filter[0] === '' && filter[1] === '#' ? belowEmptyLevel : filter
}
