const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

type Part = (at: Date) => string

const two = (value: number): string => String(value).padStart(2, '0')
const spaced = (value: number): string => String(value).padStart(2, ' ')
const hour12 = (at: Date): number => at.getHours() % 12 || 12

/** What each letter stands for, in the C locale and local time. */
const parts: Readonly<Record<string, Part>> = {
  a: (at) => (days[at.getDay()] as string).slice(0, 3),
  A: (at) => days[at.getDay()] as string,
  b: (at) => (months[at.getMonth()] as string).slice(0, 3),
  B: (at) => months[at.getMonth()] as string,
  c: (at) => strftime('%a %b %e %H:%M:%S %Y', at),
  C: (at) => two(Math.floor(at.getFullYear() / 100)),
  d: (at) => two(at.getDate()),
  D: (at) => strftime('%m/%d/%y', at),
  e: (at) => spaced(at.getDate()),
  F: (at) => strftime('%Y-%m-%d', at),
  h: (at) => strftime('%b', at),
  H: (at) => two(at.getHours()),
  I: (at) => two(hour12(at)),
  j: (at) => String(dayOfYear(at) + 1).padStart(3, '0'),
  k: (at) => spaced(at.getHours()),
  l: (at) => spaced(hour12(at)),
  m: (at) => two(at.getMonth() + 1),
  M: (at) => two(at.getMinutes()),
  n: () => '\n',
  p: (at) => (at.getHours() < 12 ? 'AM' : 'PM'),
  r: (at) => strftime('%I:%M:%S %p', at),
  R: (at) => strftime('%H:%M', at),
  s: (at) => String(Math.floor(at.getTime() / 1000)),
  S: (at) => two(at.getSeconds()),
  t: () => '\t',
  T: (at) => strftime('%H:%M:%S', at),
  u: (at) => String(at.getDay() || 7),
  w: (at) => String(at.getDay()),
  x: (at) => strftime('%m/%d/%y', at),
  X: (at) => strftime('%H:%M:%S', at),
  y: (at) => two(at.getFullYear() % 100),
  Y: (at) => String(at.getFullYear()),
  z: (at) => zone(at),
  Z: (at) => new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).format(at).split(' ').at(-1) as string,
  '%': () => '%',
}

/** A time as the C function of this name writes it. What it does not know stays as it is. */
export function strftime(format: string, at: Date): string {
  return format.replaceAll(/%(.)/g, (all, letter: string) => parts[letter]?.(at) ?? all)
}

function dayOfYear(at: Date): number {
  const dayMs = 24 * 3600 * 1000
  const today = Date.UTC(at.getFullYear(), at.getMonth(), at.getDate())
  return Math.round((today - Date.UTC(at.getFullYear(), 0, 1)) / dayMs)
}

/** `+0130`. */
function zone(at: Date): string {
  const minutes = -at.getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`
}
