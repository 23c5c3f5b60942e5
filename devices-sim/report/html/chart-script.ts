/**
 * Draws the charts in the page, from the JSON in #chart-data. Runs in a browser: plain JavaScript, in a text because
 * the build knows only Node. Charts are made again when the colour scheme changes and resized with their box.
 */
export const chartScript = String.raw`(() => {
  'use strict'
  const data = JSON.parse(document.getElementById('chart-data').textContent)
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()
  const font = '12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif'
  const lastSecond = Math.max(1, data.seconds[data.seconds.length - 1] || 0, ...data.phases.map((p) => p.toSecond))

  const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
  const fine = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 })
  const shownCount = (u, value) => (value == null ? '–' : grouped.format(value))
  const shownFine = (unit) => (u, value) => (value == null ? '–' : fine.format(value) + unit)
  const short = (value) => {
    if (value == null) return null
    if (value >= 1e6) return fine.format(value / 1e6) + 'M'
    return value >= 1e4 ? fine.format(value / 1e3) + 'k' : String(+value.toPrecision(6))
  }
  const clock = (second) => {
    const text = (value) => String(Math.floor(value)).padStart(2, '0')
    if (second >= 3600) return Math.floor(second / 3600) + ':' + text((second % 3600) / 60) + ':' + text(second % 60)
    return Math.floor(second / 60) + ':' + text(second % 60)
  }
  const secondText = (second) => (lastSecond > 180 ? clock(second) : second + ' s')

  const axis = (more) => ({
    stroke: color('quiet'),
    font,
    grid: { stroke: color('grid'), width: 1 },
    ticks: { show: false },
    gap: 6,
    ...more,
  })
  const timeAxis = () =>
    axis({
      space: 64,
      size: 30,
      incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400],
      values: (u, splits) => splits.map(secondText),
    })
  const countAxis = (more) => axis({ size: 52, values: (u, splits) => splits.map(short), ...more })
  const line = (label, name, more) => ({
    label,
    stroke: color(name),
    width: 2,
    value: shownCount,
    points: { show: data.seconds.length < 2, size: 8, fill: color(name) },
    ...more,
  })

  const decades = (lowest, highest) => {
    const low = Math.floor(Math.log10(lowest) + 1e-9)
    const high = Math.ceil(Math.log10(highest) - 1e-9)
    return [low, Math.max(high, low + 1)]
  }
  const logSplits = (low, high) => {
    const steps = high - low <= 2 ? [1, 2, 5] : [1]
    const splits = []
    for (let power = low; power <= high; power++) for (const step of steps) splits.push(step * 10 ** power)
    return splits.filter((split) => split <= 10 ** high * 1.000001)
  }

  /** Phases as pale bands with their name on top, gaps in red. */
  const drawTimeMarks = (u) => {
    const { ctx, bbox } = u
    const ratio = devicePixelRatio
    const place = (second) => Math.min(Math.max(u.valToPos(second, 'x', true), bbox.left), bbox.left + bbox.width)
    ctx.save()
    ctx.font = 11 * ratio + 'px system-ui, "Segoe UI", "DejaVu Sans", sans-serif'
    ctx.textBaseline = 'bottom'
    data.phases.forEach((phase, index) => {
      const from = place(phase.fromSecond)
      const width = place(phase.toSecond) - from
      if (width <= 0) return
      ctx.fillStyle = color('band')
      if (index % 2 === 1) ctx.fillRect(from, bbox.top, width, bbox.height)
      ctx.fillStyle = color('quiet')
      if (ctx.measureText(phase.phase).width + 10 * ratio > width) return
      ctx.fillText(phase.phase, from + 4 * ratio, bbox.top - 3 * ratio)
    })
    ctx.fillStyle = color('gap')
    for (const gap of data.gaps) {
      const from = place(gap.fromSecond)
      const width = place(gap.toSecond) - from
      if (width > 0) ctx.fillRect(from, bbox.top, Math.max(width, 2 * ratio), bbox.height)
    }
    ctx.restore()
  }

  const overTime = (series, axes, scales) => ({
    padding: [20, 14, 0, 0],
    cursor: { sync: { key: 'run' }, drag: { x: true, y: false }, y: false },
    scales: { x: { time: false, range: (u, min, max) => [min ?? 0, max > min ? max : lastSecond] }, ...scales },
    axes: [timeAxis(), ...axes],
    series: [{ label: 'Time', value: (u, value) => (value == null ? '–' : secondText(value)) }, ...series],
    hooks: { drawClear: [drawTimeMarks] },
  })
  const fromZero = { range: (u, min, max) => [0, max > 0 ? max * 1.08 : 1] }

  const rates = () => [
    overTime(
      [line('Due', 'series-1', { dash: [5, 4] }), line('Sent', 'series-2'), line('Received', 'series-3')],
      [countAxis()],
      { y: fromZero },
    ),
    [data.seconds, data.due, data.sent, data.received],
  ]

  const latency = () => {
    const known = [data.p50, data.p90, data.p99, data.max].flat().filter((value) => value !== null)
    const [low, high] = decades(known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b)))
    const percentile = (label, name, more) => line(label, name, { value: shownFine(' ms'), spanGaps: false, ...more })
    return [
      overTime(
        [
          percentile('p50', 'series-2'),
          percentile('p90', 'series-3'),
          percentile('p99', 'series-4'),
          percentile('Max', 'series-5', { width: 1 }),
        ],
        [countAxis({ splits: () => logSplits(low, high), filter: (u, splits) => splits })],
        { y: { distr: 3, log: 10, range: () => [10 ** low, 10 ** high] } },
      ),
      [data.seconds, data.p50, data.p90, data.p99, data.max],
    ]
  }

  const connected = () => [
    overTime([line('Connected', 'series-2', { fill: color('fill') })], [countAxis()], { y: fromZero }),
    [data.seconds, data.connected],
  ]

  const generator = () => [
    overTime(
      [
        line('CPU cores', 'series-2', { value: shownFine('') }),
        line('Loop delay', 'series-4', { scale: 'delay', value: shownFine(' ms') }),
      ],
      [
        countAxis({ stroke: color('series-2') }),
        countAxis({ side: 1, scale: 'delay', stroke: color('series-4'), grid: { show: false } }),
      ],
      { y: fromZero, delay: fromZero },
    ),
    [data.seconds, data.cpu, data.loopDelay],
  ]

  /** Bars of equal width: their bounds grow by a constant factor, so x is the logarithm of the bound. */
  const histogram = () => {
    const { upTo, counts } = data.bars
    const all = counts.reduce((a, b) => a + b, 0)
    const step = upTo.length > 1 ? Math.log10(upTo[1] / upTo[0]) : 0.1
    const middles = upTo.map((bound) => Math.log10(bound) - step / 2)
    const from = middles[0] - step / 2
    const to = middles[middles.length - 1] + step / 2
    const splits = logSplits(Math.floor(from) - 1, Math.ceil(to) + 1).map(Math.log10)
    const dense = to - from > 3 ? splits.filter((split) => Math.abs(split - Math.round(split)) < 1e-6) : splits
    const range = (value) => fine.format(10 ** (value - step / 2)) + ' to ' + fine.format(10 ** (value + step / 2)) + ' ms'
    return [
      {
        padding: [34, 14, 0, 0],
        cursor: { drag: { x: true, y: false }, y: false, points: { show: false } },
        scales: { x: { time: false, range: (u, min, max) => (max > min ? [Math.max(from, min - step / 2), Math.min(to, max + step / 2)] : [from, to]) }, y: fromZero },
        axes: [
          axis({ size: 30, splits: (u, index, min, max) => dense.filter((split) => split >= min && split <= max), filter: (u, all) => all, values: (u, all) => all.map((split) => short(10 ** split)) }),
          countAxis(),
        ],
        series: [
          { label: 'Latency', value: (u, value) => (value == null ? '–' : range(value)) },
          line('Messages', 'series-2', {
            width: 0,
            fill: color('series-2'),
            points: { show: false },
            paths: uPlot.paths.bars({ size: [0.9, 60], align: 0 }),
            value: (u, value) =>
              value == null ? '–' : grouped.format(value) + ' (' + fine.format((value / all) * 100) + '%)',
          }),
        ],
        hooks: { draw: [drawPercentiles] },
      },
      [middles, counts],
    ]
  }

  const drawPercentiles = (u) => {
    const { ctx, bbox } = u
    const ratio = devicePixelRatio
    ctx.save()
    ctx.font = 11 * ratio + 'px system-ui, "Segoe UI", "DejaVu Sans", sans-serif'
    ctx.fillStyle = color('ink')
    ctx.strokeStyle = color('ink')
    ctx.lineWidth = ratio
    ctx.setLineDash([4 * ratio, 3 * ratio])
    data.marks.forEach(({ name, at }, index) => {
      const x = at > 0 ? u.valToPos(Math.log10(at), 'x', true) : NaN
      if (!(x >= bbox.left && x <= bbox.left + bbox.width)) return
      const y = bbox.top - (index === 0 ? 18 : 4) * ratio
      ctx.beginPath()
      ctx.moveTo(x, y)
      ctx.lineTo(x, bbox.top + bbox.height)
      ctx.stroke()
      const text = name + ' ' + fine.format(at) + ' ms'
      const isRight = x + ctx.measureText(text).width + 6 * ratio > bbox.left + bbox.width
      ctx.textAlign = isRight ? 'right' : 'left'
      ctx.fillText(text, x + (isRight ? -5 : 5) * ratio, y)
    })
    ctx.restore()
  }

  const makers = { rates, latency, histogram, connected, generator }
  const sizeOf = (box) => ({ width: box.clientWidth, height: box.clientWidth < 480 ? 220 : 280 })
  const drawn = new Map()
  const draw = () => {
    for (const [id, make] of Object.entries(makers)) {
      const box = document.getElementById('chart-' + id)
      if (box === null) continue
      drawn.get(box)?.destroy()
      const [options, columns] = make()
      drawn.set(box, new uPlot({ ...sizeOf(box), ...options }, columns, box))
    }
  }
  draw()
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const chart = drawn.get(target)
      if (chart && chart.width !== target.clientWidth) chart.setSize(sizeOf(target))
    }
  })
  for (const box of drawn.keys()) watch.observe(box)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
})()`
