import { shortened } from './payload.js'
import { compareNames, durationText, labelText, valueText } from './words.js'

/** A card per device. Only cards whose device is handed to `update` are touched; text is never read as markup. */
export class DeviceList {
  #root
  #onPick
  /** @type {Map<import('./readings.js').Device, ReturnType<typeof newCard>>} */
  #cards = new Map()
  #picked

  /**
   * @param {HTMLElement} root
   * @param {(device: import('./readings.js').Device, field: import('./readings.js').Field) => void} onPick when a
   *   value is chosen for the chart
   */
  constructor(root, onPick) {
    this.#root = root
    this.#onPick = onPick
  }

  /** Writes what the device said last. */
  update(device) {
    let card = this.#cards.get(device)
    if (card === undefined) {
      card = newCard(device)
      this.#insertCard(device, card)
    }
    setText(card.status, device.status === undefined ? '' : shortened(device.status, 20))
    card.status.dataset.status = device.status ?? ''
    for (const field of device.fields.values()) this.#updateRow(card, device, field)
  }

  /** Moves the clocks of all cards on, and takes away those of devices that the page has forgotten. */
  tick(devices, nowMs) {
    for (const [device, card] of this.#cards) {
      if (devices.get(device.name) === device) setText(card.seen, seenText(device, nowMs))
      else {
        card.element.remove()
        this.#cards.delete(device)
      }
    }
  }

  /** Marks the value that the chart shows. */
  pick(field) {
    this.#picked = field
    for (const card of this.#cards.values()) {
      for (const [one, row] of card.rows) row.button.setAttribute('aria-pressed', String(one === field))
    }
  }

  #updateRow(card, device, field) {
    let row = card.rows.get(field)
    if (row === undefined) {
      row = newRow(field, () => this.#onPick(device, field))
      row.button.setAttribute('aria-pressed', String(field === this.#picked))
      this.#insertRow(card, field, row)
    }
    setText(row.value, valueText(field.value))
    row.value.classList.toggle('number', typeof field.value !== 'string')
    const isText = field.history === undefined
    if (row.button.disabled !== isText) row.button.disabled = isText
  }

  #insertCard(device, card) {
    this.#root.insertBefore(
      card.element,
      firstAfter(device.name, this.#cards, (other) => other.name),
    )
    this.#cards.set(device, card)
  }

  #insertRow(card, field, row) {
    card.list.insertBefore(row.element, firstAfter(labelText(field), card.rows, labelText))
    card.rows.set(field, row)
  }
}

/** The element before which that of `name` belongs; null for the end. */
function firstAfter(name, views, nameOf) {
  let first
  for (const [model, view] of views) {
    const other = nameOf(model)
    if (compareNames(other, name) <= 0) continue
    if (first === undefined || compareNames(other, first.name) < 0) first = { name: other, element: view.element }
  }
  return first?.element ?? null
}

let cards = 0

function newCard(device) {
  cards += 1
  const element = newElement('article', 'card device')
  const header = newElement('header')
  const name = newElement('h2')
  const bdi = newElement('bdi')
  const status = newElement('span', 'status')
  const seen = newElement('p', 'seen')
  const list = newElement('ul')
  name.id = `device-${cards}`
  element.setAttribute('aria-labelledby', name.id)
  bdi.textContent = device.name === '' ? '(no name)' : device.name
  name.append(bdi)
  header.append(name, status, seen)
  element.append(header, list)
  return { element, status, seen, list, rows: new Map() }
}

function newRow(field, onPick) {
  const element = newElement('li')
  const button = newElement('button')
  const label = newElement('span', 'label')
  const sensor = newElement('bdi')
  const name = newElement('bdi', 'field')
  const value = newElement('bdi', 'value')
  sensor.textContent = field.sensor
  name.textContent = field.name
  label.append(sensor, ' ', name)
  button.type = 'button'
  button.title = 'Show in the chart'
  button.append(label, value)
  button.addEventListener('click', onPick)
  element.append(button)
  return { element, button, value }
}

function seenText(device, nowMs) {
  if (device.lastSeenMs === undefined) return 'not heard since this page is open'
  const agoMs = nowMs - device.lastSeenMs
  return agoMs < 2000 ? 'last seen just now' : `last seen ${durationText(agoMs)} ago`
}

function newElement(name, className = '') {
  const element = document.createElement(name)
  if (className !== '') element.className = className
  return element
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}
