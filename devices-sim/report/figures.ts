const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const oneDecimal = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 })

/** Stands where there is no value. */
export const NO_VALUE = '-'

/** 1234567 is `1,234,567`. */
export function countText(value: number): string {
  return whole.format(value)
}

/** Milliseconds with about three digits that mean something: `0.042`, `4.20`, `42.0`, `4,200`. */
export function millisecondsText(value: number): string {
  if (value === 0) return '0'
  if (value < 0.0995) return value.toFixed(3)
  if (value < 9.995) return value.toFixed(2)
  return value < 99.95 ? value.toFixed(1) : whole.format(value)
}

/** Seconds as one would say them: `4.2 s`, `3 min 05 s`, `2 h 07 min`. */
export function durationText(seconds: number): string {
  if (seconds < 59.95) return `${oneDecimal.format(seconds)} s`
  const full = Math.round(seconds)
  if (full < 3600) return `${Math.floor(full / 60)} min ${twoDigits(full % 60)} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`
}

/** A place on the time line of a run: `7.5`, `1,200`. */
export function secondText(second: number): string {
  return oneDecimal.format(second)
}

export function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${oneDecimal.format(bytes / 1e3)} kB`
  return bytes < 1e9 ? `${whole.format(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(2)} GB`
}

/** Never rounded up to all: 99.999 of 100 is `99.9%`. */
export function percentText(part: number, all: number): string {
  return all === 0 ? NO_VALUE : `${oneDecimal.format(Math.floor((part / all) * 1000) / 10)}%`
}

/** `1 message`, `2 messages`. */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
  return `${countText(value)} ${value === 1 ? singular : plural}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
