const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 6 })

/** A value as the page writes it. */
export function valueText(value) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value
  const isReadable = value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e15)
  return isReadable ? numbers.format(value) : value.toExponential(3)
}

/** A length of time in its largest units: `7 s`, `3 min 5 s`, `2 h 10 min`. */
export function durationText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

/** Puts `device-9` before `device-10`. */
export const { compare: compareNames } = new Intl.Collator('en', { numeric: true })

/** What a value of a device is called: `temperature celsius`. */
export function labelText(field) {
  return `${field.sensor} ${field.name}`.trim()
}
