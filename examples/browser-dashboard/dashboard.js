import { Chart } from './chart.js'
import { connectTo } from './connection.js'
import { DeviceList } from './device-list.js'
import { MessageRate } from './message-rate.js'
import { maximumDevices, Readings } from './readings.js'
import { SeriesMenu } from './series-menu.js'
import { compareNames, durationText, labelText, valueText } from './words.js'

const stateNames = {
  connecting: 'Connecting',
  connected: 'Connected',
  reconnecting: 'Reconnecting',
  failed: 'Not connected',
}

/** The chart shows a value of this sensor, if there is one, until another value is chosen. */
const preferredSensor = 'temperature'
/** A connection that comes back sooner than this needs no advice. */
const adviceAfterMs = 4000

const query = new URLSearchParams(location.search)
const brokerUrl = query.get('broker') || byMeta('default-broker')
const topicFilter = query.get('filter') || byMeta('default-filter')

const readings = new Readings(topicFilter)
const rate = new MessageRate()
const devices = new DeviceList(byId('devices'), choose)
const menu = new SeriesMenu(byId('series'), ({ device, field }) => choose(device, field))
const chart = new Chart(byId('chart'), scheduleDraw)

/** Devices that said something since the last frame. */
const changed = new Set()
let connection = { name: 'connecting', sinceMs: performance.now(), problem: undefined }
let shown
let isChosen = false
let isDrawScheduled = false
let nextTickMs = 0

byId('address').textContent = brokerUrl
byId('filter-shown').textContent = topicFilter
byId('broker').value = brokerUrl
byId('filter').value = topicFilter
connectTo(brokerUrl, topicFilter, { onState, onMessage })
setInterval(scheduleDraw, 1000)

function onState(state) {
  if (connection.name === 'connected' && state.name !== 'connected') readings.breakLines(performance.now())
  connection = state
  nextTickMs = 0
  scheduleDraw()
}

function onMessage(topicName, payload, isRetained) {
  rate.add()
  const device = readings.take(topicName, payload, isRetained, performance.now())
  if (device !== undefined) changed.add(device)
  scheduleDraw()
}

/** However many messages arrive, the page is drawn at most once per frame, and not at all while nobody sees it. */
function scheduleDraw() {
  if (isDrawScheduled) return
  isDrawScheduled = true
  requestAnimationFrame(() => {
    isDrawScheduled = false
    draw(performance.now())
  })
}

function draw(nowMs) {
  const isTick = nowMs >= nextTickMs
  const isChartDue = isTick || changed.has(shown?.device) || shown === undefined
  for (const device of changed) {
    devices.update(device)
    menu.update(device)
  }
  if (isTick || changed.size > 0) {
    devices.tick(readings.devices, nowMs)
    menu.tick(readings.devices)
  }
  changed.clear()
  if (isTick) {
    // A little early, so that a late timer does not skip a second.
    nextTickMs = nowMs + 900
    drawFigures(nowMs)
    drawConnection(nowMs)
  }
  if (isChartDue) drawChart(nowMs)
}

function drawFigures(nowMs) {
  const perSecond = rate.tick(nowMs)
  setText('rate', valueText(Number(perSecond.toFixed(perSecond < 10 ? 1 : 0))))
  setText('device-count', valueText(readings.devices.size))
  const { leftOut } = readings
  byId('left-out').hidden = leftOut === 0
  setText(
    'left-out',
    `Left out: ${valueText(leftOut)} ${leftOut === 1 ? 'message' : 'messages'}. The page keeps ${maximumDevices} ` +
      'devices with 24 values each, and no topic names above 200 characters.',
  )
  byId('empty').hidden = connection.name !== 'connected' || readings.devices.size > 0
  setText('empty', `Nothing has been published to ${topicFilter} yet. \`npm run sim\` starts some devices.`)
}

function drawConnection(nowMs) {
  const { name, sinceMs, problem } = connection
  byId('connection').dataset.state = name
  setText('state', stateNames[name])
  setText('state-since', name === 'failed' ? '' : `for ${durationText(nowMs - sinceMs)}`)
  byId('trouble').hidden = problem === undefined || (name === 'reconnecting' && nowMs - sinceMs < adviceAfterMs)
  setText('trouble-text', problem ?? '')
  document.title = name === 'connected' ? 'Devices' : `${stateNames[name]} – Devices`
}

function drawChart(nowMs) {
  if (shown !== undefined && readings.devices.get(shown.device.name) !== shown.device) shown = undefined
  if (shown === undefined || (!isChosen && shown.field.sensor !== preferredSensor)) {
    const series = preferredSeries()
    if (series !== undefined && series.field !== shown?.field) show(series)
  }
  const extent = chart.draw(shown?.field, nowMs)
  if (shown === undefined) return
  const { device, field } = shown
  setText('chart-title', `${device.name} · ${labelText(field)}`)
  setText('chart-now', valueText(field.value))
  setText(
    'chart-summary',
    extent === undefined
      ? 'No numbers in the last five minutes.'
      : `${extent.title}: ${valueText(extent.least)} to ${valueText(extent.most)}.`,
  )
}

function choose(device, field) {
  isChosen = true
  show({ device, field })
}

function show(series) {
  shown = series
  devices.pick(shown.field)
  menu.pick(shown.field)
  nextTickMs = 0
  scheduleDraw()
}

function preferredSeries() {
  const all = [...readings.devices.values()]
    .toSorted((one, other) => compareNames(one.name, other.name))
    .flatMap((device) => [...device.fields.values()].map((field) => ({ device, field })))
    .filter(({ field }) => field.history !== undefined)
  return all.find(({ field }) => field.sensor === preferredSensor) ?? all[0]
}

function setText(id, text) {
  const element = byId(id)
  if (element.textContent !== text) element.textContent = text
}

function byId(id) {
  return document.getElementById(id)
}

function byMeta(name) {
  return document.querySelector(`meta[name="${name}"]`).content
}
