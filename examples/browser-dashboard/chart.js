import { historySeconds } from './history.js'
import { valueText } from './words.js'

const margin = { top: 12, right: 14, bottom: 26, left: 62 }
const gridLines = 4
/** The chart looks back as far as there is something to see, in steps. */
const spans = [
  { title: 'Last minute', seconds: 60, tickSeconds: 15 },
  { title: 'Last two minutes', seconds: 120, tickSeconds: 30 },
  { title: 'Last five minutes', seconds: historySeconds, tickSeconds: 60 },
]

/** A line over the last minutes in an SVG element, drawn anew as a whole; colours are the style sheet's. */
export class Chart {
  #svg
  #width = 0
  #height = 0
  #values = svgElement('g', { class: 'grid' })
  #times = svgElement('g', { class: 'grid' })
  #area = svgElement('path', { class: 'area' })
  #line = svgElement('path', { class: 'line' })
  #last = svgElement('circle', { class: 'last', r: 4 })

  /** @param {SVGElement} svg @param {() => void} onResize */
  constructor(svg, onResize) {
    this.#svg = svg
    svg.append(this.#values, this.#times, this.#area, this.#line, this.#last)
    new ResizeObserver(([entry]) => {
      this.#width = entry.contentRect.width
      this.#height = entry.contentRect.height
      svg.setAttribute('viewBox', `0 0 ${this.#width} ${this.#height}`)
      onResize()
    }).observe(svg)
  }

  /**
   * Draws the field's history up to now.
   *
   * @returns {{ title: string, least: number, most: number } | undefined} undefined when there is nothing to draw
   */
  draw(field, nowMs) {
    const points = [...(field?.history?.pointsSince(nowMs - historySeconds * 1000) ?? [])]
    const values = points.map(([, value]) => value).filter((value) => !Number.isNaN(value))
    this.#svg.classList.toggle('blank', values.length === 0)
    if (values.length === 0) return undefined
    const span = spans.find(({ seconds }) => nowMs - points[0][0] <= seconds * 1000) ?? spans.at(-1)
    const sinceMs = nowMs - span.seconds * 1000
    const isSwitch = typeof field.value === 'boolean'
    const range = isSwitch ? { low: 0, high: 1, step: 1 } : rangeOf(values)
    const right = this.#width - margin.right
    const bottom = this.#height - margin.bottom
    const x = (timeMs) => margin.left + ((timeMs - sinceMs) / (nowMs - sinceMs)) * (right - margin.left)
    const y = (value) => bottom - ((value - range.low) / (range.high - range.low)) * (bottom - margin.top)
    this.#drawValues(range, isSwitch, y)
    this.#drawTimes(span, x, nowMs)
    this.#drawLine(points, isSwitch, x, y, bottom, nowMs)
    return { title: span.title, least: minimum(values), most: maximum(values) }
  }

  #drawLine(points, isSwitch, x, y, bottom, nowMs) {
    let line = ''
    let area = ''
    // A switch stays as it is until it says otherwise.
    const isStanding = isSwitch && !Number.isNaN(points.at(-1)[1])
    for (const run of unbroken(isStanding ? [...points, [nowMs, points.at(-1)[1]]] : points)) {
      const corners = run.flatMap(([timeMs, value], index) => {
        const corner = `${x(timeMs).toFixed(1)},${y(value).toFixed(1)}`
        return isSwitch && index > 0 ? [`${x(timeMs).toFixed(1)},${y(run[index - 1][1]).toFixed(1)}`, corner] : [corner]
      })
      const drawn = `M${corners.join('L')}`
      line += drawn
      area += `${drawn}L${x(run.at(-1)[0]).toFixed(1)},${bottom}L${x(run[0][0]).toFixed(1)},${bottom}Z`
    }
    this.#line.setAttribute('d', line)
    this.#area.setAttribute('d', area)
    const [timeMs, value] = points.findLast(([, one]) => !Number.isNaN(one))
    this.#last.setAttribute('cx', x(isStanding ? nowMs : timeMs))
    this.#last.setAttribute('cy', y(value))
  }

  #drawValues(range, isSwitch, y) {
    const right = this.#width - margin.right
    const parts = []
    for (let index = 0; range.low + index * range.step <= range.high + range.step / 2; index++) {
      const value = Number((range.low + index * range.step).toPrecision(12))
      const at = y(value)
      parts.push(svgElement('line', { x1: margin.left, x2: right, y1: at, y2: at }))
      const label = valueText(isSwitch ? value === 1 : value)
      parts.push(svgText(label, { x: margin.left - 10, y: at + 4, 'text-anchor': 'end' }))
    }
    this.#values.replaceChildren(...parts)
  }

  #drawTimes({ seconds, tickSeconds }, x, nowMs) {
    const parts = []
    for (let ago = seconds; ago >= 0; ago -= tickSeconds) {
      const label = ago === 0 ? 'now' : ago % 60 === 0 ? `−${ago / 60} min` : `−${ago} s`
      const place =
        ago === 0 ? { x: this.#width, 'text-anchor': 'end' } : { x: x(nowMs - ago * 1000), 'text-anchor': 'middle' }
      parts.push(svgText(label, { ...place, y: this.#height - margin.bottom + 19 }))
    }
    this.#times.replaceChildren(...parts)
  }
}

/** The points between breaks. */
function unbroken(points) {
  const runs = []
  let run = []
  for (const point of [...points, [0, Number.NaN]]) {
    if (!Number.isNaN(point[1])) run.push(point)
    else if (run.length > 0) {
      runs.push(run)
      run = []
    }
  }
  return runs
}

/** A range of round numbers that holds all values, and its step. */
function rangeOf(values) {
  const least = minimum(values)
  const most = maximum(values)
  // Values that are all but equal get a range around them; steps too small for a number would never end.
  const size = Math.max(Math.abs(least), Math.abs(most))
  const spread = most - least > size * 1e-9 && size > 1e-90 ? most - least : size > 1e-90 ? size / 10 : 1
  const rough = spread / gridLines
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10)
  const low = Math.floor(least / step) * step
  const high = Math.ceil(most / step) * step
  return { low, high: high > low ? high : low + step, step }
}

function minimum(values) {
  return values.reduce((one, other) => Math.min(one, other))
}

function maximum(values) {
  return values.reduce((one, other) => Math.max(one, other))
}

function svgElement(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value)
  return element
}

function svgText(text, attributes) {
  const element = svgElement('text', attributes)
  element.textContent = text
  return element
}
