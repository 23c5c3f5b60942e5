// Numbers as people read them, the same in the terminal and on the page.

/** Three significant digits, thousands with commas; a dash for what is not known. */
export function figure(value) {
  if (value === undefined) return '-'
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return Number(value.toPrecision(3)).toString()
}

export function verdictText({ target, value, limit, verdict }) {
  const what = target.of === undefined ? '' : ` of ${target.of}`
  const bound = `target <= ${figure(limit)}${what}`
  return verdict === 'not measured' ? `${bound}: not measured` : `${figure(value)}, ${bound}: ${verdict}`
}
