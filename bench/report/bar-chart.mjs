// One metric of a row as bars: labels are text of the page, so that they wrap; each bar is an SVG as wide as there is room.
import { escapeText as safe } from './escape-text.mjs'
import { figure } from './numbers.mjs'

const BAR_HEIGHT = 14

export function barChart({ title, unit, arms, verdicts }) {
  const most = Math.max(...arms.map((arm) => arm.figure ?? 0))
  const bars = arms.map((arm) => barRow(arm, most, unit, markOf(arm.arm, arms, verdicts)))
  return `<h3>${safe(title)}</h3>\n<div class="bars">\n${bars.join('\n')}\n</div>`
}

/** Where on the scale an arm's target lies: the limit times what it is held against. */
function markOf(arm, arms, verdicts) {
  const verdict = verdicts.find(({ target, limit }) => target.arm === arm && limit !== undefined)
  if (verdict === undefined) return undefined
  const { target, limit } = verdict
  if (target.of === undefined) return limit
  const base = arms.find((other) => other.arm === target.of)?.figure
  return base === undefined ? undefined : base * limit
}

function barRow({ arm, figure: value, ratios }, most, unit, mark) {
  const share = (part) => `${most > 0 && part !== undefined ? Math.min(100, (part / most) * 100).toFixed(2) : 0}%`
  const kind = arm.startsWith('topiary') ? 'ours' : 'other'
  const line =
    mark === undefined || mark > most
      ? ''
      : `<line class="mark" x1="${share(mark)}" x2="${share(mark)}" y1="0" y2="${BAR_HEIGHT}"/>`
  const text = ratios.map(({ of, ratio }) => `${figure(ratio)} × ${of}`).join(', ')
  return [
    `<div class="arm">${safe(arm)}</div>`,
    `<svg role="img" aria-label="${safe(`${arm}: ${figure(value)} ${unit}`)}" height="${BAR_HEIGHT}">`,
    `<rect class="${kind}" width="${share(value)}" height="${BAR_HEIGHT}"/>${line}</svg>`,
    `<div class="value"><b>${safe(figure(value))}</b> <span>${safe(text)}</span></div>`,
  ].join('')
}
