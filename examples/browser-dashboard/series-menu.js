import { compareNames, labelText } from './words.js'

/** The menu of values that the chart can show, a group per device. Grows in place, so that it can stay open. */
export class SeriesMenu {
  #select
  #groups = new Map()
  /** @type {Map<string, { device: object, field: object }>} */
  #choices = new Map()
  #names = new Map()
  #count = 0

  /** @param {HTMLSelectElement} select @param {(choice: { device, field }) => void} onChoice */
  constructor(select, onChoice) {
    this.#select = select
    select.addEventListener('change', () => {
      const choice = this.#choices.get(select.value)
      if (choice !== undefined) onChoice(choice)
    })
  }

  /** Adds what the device has to show and the menu does not know yet. */
  update(device) {
    for (const field of device.fields.values()) {
      if (field.history === undefined || this.#names.has(field)) continue
      this.#count += 1
      const option = new Option(labelText(field), String(this.#count))
      this.#names.set(field, option.value)
      this.#choices.set(option.value, { device, field })
      this.#groupOf(device).append(option)
    }
  }

  /** Takes away what belongs to devices that the page has forgotten. */
  tick(devices) {
    for (const [device, group] of this.#groups) {
      if (devices.get(device.name) === device) continue
      for (const option of group.children) this.#choices.delete(option.value)
      for (const field of device.fields.values()) this.#names.delete(field)
      group.remove()
      this.#groups.delete(device)
    }
  }

  pick(field) {
    this.#select.value = this.#names.get(field) ?? ''
  }

  #groupOf(device) {
    const known = this.#groups.get(device)
    if (known !== undefined) return known
    if (this.#groups.size === 0) {
      this.#select.replaceChildren()
      this.#select.disabled = false
    }
    const group = document.createElement('optgroup')
    group.label = device.name
    const next = [...this.#groups.values()].find((other) => compareNames(other.label, group.label) > 0)
    this.#select.insertBefore(group, next ?? null)
    this.#groups.set(device, group)
    return group
  }
}
