import { History } from './history.js'
import { readPayload, shortened } from './payload.js'

/** The page keeps no more than this, however many topics and devices there are. */
export const maximumDevices = 50
const maximumFieldsPerDevice = 24
const maximumTopicLength = 200
/** A device that has been silent for this long makes room for a new one. */
const staleMs = 10 * 60_000

/**
 * @typedef {object} Field one value of a device
 * @property {string} sensor last level of the topic name
 * @property {string} name of the value in the payload, empty when it has none
 * @property {number | boolean | string} value the latest
 * @property {History | undefined} history from the first number or boolean on
 *
 * @typedef {object} Device
 * @property {string} name topic name without its last level
 * @property {string | undefined} status what it says in its topic `status`
 * @property {number} firstSeenMs when the page made its acquaintance
 * @property {number | undefined} lastSeenMs undefined while only retained messages of it are known
 * @property {Map<string, Field>} fields in order of appearance
 */

/** What the devices said last, and the last minutes of their numbers. Time is an argument. */
export class Readings {
  /** @type {Map<string, Device>} */
  devices = new Map()
  /** Messages that were not kept, for the page has its bounds. */
  leftOut = 0
  #prefix

  /** @param {string} topicFilter its levels before the first wildcard are left out of the names of devices */
  constructor(topicFilter) {
    this.#prefix = topicFilter.replace(/[^/]*[+#].*$/, '')
  }

  /**
   * Keeps what a message says.
   *
   * @returns {Device | undefined} the device it came from, undefined when it was left out
   */
  take(topicName, payload, isRetained, nowMs) {
    const device = topicName.length > maximumTopicLength ? undefined : this.#deviceOf(topicName, nowMs)
    if (device === undefined) {
      this.leftOut += 1
      return undefined
    }
    // A retained message is news to the page, but no sign of life.
    if (!isRetained) device.lastSeenMs = nowMs
    const sensor = topicName.slice(topicName.lastIndexOf('/') + 1)
    const content = readPayload(payload)
    if (sensor === 'status') device.status = String((content.find(([name]) => name === 'status') ?? content[0])?.[1])
    else if (!this.#takeFields(device, sensor, content, isRetained ? undefined : nowMs)) this.leftOut += 1
    return device
  }

  /** Nothing is known of what happens until messages come again. */
  breakLines(nowMs) {
    for (const device of this.devices.values()) {
      for (const field of device.fields.values()) field.history?.breakLine(nowMs)
    }
  }

  #takeFields(device, sensor, content, timeMs) {
    for (const [name, value] of content) {
      const key = JSON.stringify([sensor, name])
      let field = device.fields.get(key)
      if (field === undefined) {
        if (device.fields.size >= maximumFieldsPerDevice) return false
        field = { sensor: shortened(sensor, 60), name, value, history: undefined }
        device.fields.set(key, field)
      }
      field.value = value
      if (typeof value === 'string' || timeMs === undefined) continue
      field.history ??= new History()
      field.history.add(timeMs, Number(value))
    }
    return true
  }

  #deviceOf(topicName, nowMs) {
    const lastSlash = topicName.lastIndexOf('/')
    const path = lastSlash === -1 ? topicName : topicName.slice(0, lastSlash)
    const name = path.startsWith(this.#prefix) ? path.slice(this.#prefix.length) : path
    const known = this.devices.get(name)
    if (known !== undefined) return known
    if (this.devices.size >= maximumDevices && !this.#forgetStale(nowMs)) return undefined
    const device = { name, status: undefined, firstSeenMs: nowMs, lastSeenMs: undefined, fields: new Map() }
    this.devices.set(name, device)
    return device
  }

  #forgetStale(nowMs) {
    const oldest = [...this.devices.values()].reduce((one, other) => (seenMs(other) < seenMs(one) ? other : one))
    return nowMs - seenMs(oldest) > staleMs && this.devices.delete(oldest.name)
  }
}

function seenMs(device) {
  return device.lastSeenMs ?? device.firstSeenMs
}
