import fc from 'fast-check'

/** Levels that collide often, with those that trip: empty, `$`, `.`, long, composed and decomposed letters. */
const level = fc.constantFrom('', 'a', 'b', 'aa', '$', '$SYS', ' ', '\u00E9', 'e\u0301', '\u{1F333}', '__proto__')
const levels = fc.array(level, { minLength: 1, maxLength: 4 })

export const topicName = levels.map((parts) => parts.join('/')).filter((name) => name !== '')

export const topicFilter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
  .map(([parts, endsInHash]) => [...parts, ...(endsInHash || parts.length === 0 ? ['#'] : [])].join('/'))
  .filter((filter) => filter !== '')

/** Section 4.7 written down a second time, as a person would: the oracle of both trees. */
export function matches(filter: string, name: string): boolean {
  if (name.startsWith('$') && /^[+#]/.test(filter)) return false
  const pattern = filter
    .split('/')
    .map((part) => (part === '+' ? '[^/]*' : part === '#' ? '.*' : part.replace(/[.$^*()[\]\\{}|?]/g, '\\$&')))
    .join('/')
    .replace(/\/\.\*$/, '(/.*)?')
  return new RegExp(`^${pattern}$`, 's').test(name)
}
