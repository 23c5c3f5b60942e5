/** Bounds on what is shown of one message, however it is made. */
const maximumPayloadBytes = 64 * 1024
const maximumFields = 8
const maximumTextLength = 80
/** A larger one is shown as text: no chart has room for it. */
const maximumNumber = 1e100
/** What the simulated devices write around every reading: when it was, and for 3.1.1 the mark it is known by. */
const envelope = new Set(['time', 'sim'])

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * What a payload says, as pairs of name and value; a value is a number, a boolean or a short text. The fields of a
 * JSON object have their names; anything else is one value without a name.
 *
 * @param {Uint8Array} payload
 * @returns {[name: string, value: number | boolean | string][]}
 */
export function readPayload(payload) {
  if (payload.length === 0) return [['', 'empty']]
  if (payload.length > maximumPayloadBytes) return [['', `too long to show: ${sizeOf(payload.length)}`]]
  const text = textOf(payload)
  if (text === undefined) return [['', `not text: ${sizeOf(payload.length)}`]]
  const content = jsonOf(text)
  if (content === undefined) return [['', shortened(text)]]
  if (content === null || typeof content !== 'object' || Array.isArray(content)) return [['', valueOf(content)]]
  return Object.entries(content)
    .filter(([name]) => !envelope.has(name))
    .slice(0, maximumFields)
    .map(([name, value]) => [shortened(name), valueOf(value)])
}

function textOf(payload) {
  try {
    return utf8.decode(payload)
  } catch {
    return undefined
  }
}

function jsonOf(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function valueOf(content) {
  if (typeof content === 'boolean') return content
  if (typeof content === 'number' && Math.abs(content) < maximumNumber) return content
  if (Array.isArray(content)) return `list of ${content.length}`
  if (content !== null && typeof content === 'object') return 'object'
  return shortened(String(content))
}

/** By code points, so that no character is cut in half. */
export function shortened(text, length = maximumTextLength) {
  if (text.length <= length) return text
  return `${Array.from(text.slice(0, 2 * length))
    .slice(0, length - 1)
    .join('')}…`
}

function sizeOf(bytes) {
  if (bytes < 1024) return `${bytes} bytes`
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}
