/* Looked for inside the page, by `page.evaluate`; texts because the tests are compiled without the types of a browser. */

/** What sticks out of the window, is cut, or lies on another text. What a scroll box holds may be wider than the box. */
export const layoutFaults = String.raw`(() => {
  const faults = []
  const nameOf = (element) => element.tagName.toLowerCase() + (element.className ? '.' + element.className : '')
  const isDrawing = (element) => element.closest('.u-wrap') !== null
  if (document.documentElement.scrollWidth > innerWidth) faults.push('the page scrolls sideways')
  for (const element of document.querySelectorAll('body *')) {
    const box = element.getBoundingClientRect()
    const inScrollBox = element.parentElement.closest('.scroll') !== null
    if (box.width === 0 || isDrawing(element) || !element.checkVisibility()) continue
    if (!inScrollBox && (box.right > innerWidth + 0.5 || box.left < -0.5)) faults.push('sticks out: ' + nameOf(element))
    const mayScroll = element.matches('.scroll')
    const isBlock = getComputedStyle(element).display !== 'inline'
    const isCell = element.matches('th, td')
    if (isBlock && !mayScroll && (!inScrollBox || isCell) && element.scrollWidth > element.clientWidth + 1) {
      faults.push('is cut: ' + nameOf(element) + ' ' + element.scrollWidth + ' > ' + element.clientWidth)
    }
  }
  const texts = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode
    if (node.data.trim() === '' || isDrawing(node.parentElement) || !node.parentElement.checkVisibility()) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    const scrollBox = node.parentElement.closest('.scroll')?.getBoundingClientRect()
    for (const { left, right, top, bottom } of range.getClientRects()) {
      const shown = { node, top, bottom, left: Math.max(left, scrollBox?.left ?? left), right: Math.min(right, scrollBox?.right ?? right) }
      if (shown.right - shown.left > 1) texts.push(shown)
    }
  }
  texts.sort((one, other) => one.top - other.top)
  texts.forEach((one, index) => {
    for (let next = index + 1; next < texts.length && texts[next].top < one.bottom - 3; next++) {
      const other = texts[next]
      const width = Math.min(one.right, other.right) - Math.max(one.left, other.left)
      if (one.node !== other.node && width > 1) faults.push('overlap: ' + one.node.data.slice(0, 40) + ' | ' + other.node.data.slice(0, 40))
    }
  })
  return faults.slice(0, 20)
})()`

/** Charts without a line, point or bar in the colour of a series. */
export const blankCharts = String.raw`(() => {
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const wanted = [1, 2, 3, 4, 5].map((number) => {
    probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--series-' + number).trim()
    probe.fillRect(0, 0, 1, 1)
    return probe.getImageData(0, 0, 1, 1).data
  })
  return [...document.querySelectorAll('.plot')].filter((plot) => {
    const canvas = plot.querySelector('canvas')
    const over = plot.querySelector('.u-over').getBoundingClientRect()
    const box = canvas.getBoundingClientRect()
    const ratio = canvas.width / box.width
    const place = [over.left - box.left - 4, over.top - box.top - 4, over.width + 8, over.height + 8].map((value) => Math.round(value * ratio))
    const { data } = canvas.getContext('2d').getImageData(...place)
    let found = 0
    for (let at = 0; at < data.length; at += 4) {
      const isSeries = wanted.some((color) => [0, 1, 2].every((part) => Math.abs(data[at + part] - color[part]) < 16))
      if (isSeries && data[at + 3] > 200) found += 1
    }
    return found < 8
  }).map((plot) => plot.id)
})()`

/** Texts with less contrast to what is behind them than WCAG asks for (AA, 4.5). */
export const faintTexts = String.raw`(() => {
  const channels = (color) => color.match(/[\d.]+/g).map(Number)
  const luminance = (color) => {
    const [red, green, blue] = channels(color).slice(0, 3).map((value) => {
      const share = value / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at)
      if (channels(backgroundColor)[3] !== 0) return backgroundColor
    }
    return 'rgb(255, 255, 255)'
  }
  const faint = new Set()
  for (const element of document.querySelectorAll('main *')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '')
    if (!hasText || !element.checkVisibility()) continue
    const { color } = getComputedStyle(element)
    const [light, dark] = [luminance(color), luminance(behind(element))].sort((one, other) => other - one)
    if ((light + 0.05) / (dark + 0.05) < 4.5) faint.add(element.className + ' ' + color + ' on ' + behind(element))
  }
  return [...faint]
})()`
