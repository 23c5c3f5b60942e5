import { stringify } from 'yaml'
import { counted, countText, durationText, millisecondsText, NO_VALUE, percentText } from '../figures.ts'
import { reportTables, type ReportTable, type Tone } from '../report-tables.ts'
import { brokerUrl, totalsOf } from '../run-facts.ts'
import type { RunReport } from '../run-report.ts'
import { verdictOf } from '../verdict.ts'
import { type Chart, charts } from './chart-data.ts'
import { escapeHtml } from './escape.ts'

/** Rows and notes of one table beyond these are left to report.json. */
const MOST_ROWS = 200
const MOST_NOTES = 60

export function headSection(report: RunReport): string {
  const { run, connections } = report
  const { passed, faults, warnings } = verdictOf(report)
  const alerts = [
    ...faults.map((fault) => alert(fault, 'bad')),
    ...warnings.map((warning) => alert(warning, 'doubtful')),
  ].join('')
  const facts = [
    counted(connections.wanted, 'client'),
    durationText(run.seconds),
    `seed ${run.seed}`,
    startText(run.startedAt),
  ]
  return `<header>
<p class="badge ${passed ? 'good' : 'bad'}">${passed ? 'PASSED' : 'FAILED'}</p>
<h1>${escapeHtml(run.scenario)} against ${escapeHtml(brokerUrl(report))}</h1>
${run.description === '' ? '' : `<p class="lead">${escapeHtml(run.description)}</p>`}
<p class="lead">${escapeHtml(facts.join(' · '))}</p>
${alerts === '' ? '' : `<ul class="alerts" aria-label="What to know first">${alerts}</ul>`}
</header>
${figuresSection(report)}`
}

/** `2026-11-21 09:30:00 UTC` */
function startText(startedAt: string): string {
  return startedAt.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')
}

function alert(text: string, tone: Tone): string {
  return `<li class="${tone}">${escapeHtml(text)}</li>`
}

function figuresSection(report: RunReport): string {
  const totals = totalsOf(report)
  const { endToEnd } = report.latencies
  const { reconnects, lost, opened } = report.connections
  const { saturated, workers } = report.generator
  const cores = workers.reduce((sum, { cpuCores }) => sum + cpuCores, 0)
  const load = `${cores.toFixed(2)} cores, ${counted(workers.length, 'process', 'processes')}`
  const perSecond = report.run.seconds > 0 ? `${countText(totals.sent / report.run.seconds)} per second` : ''
  const latency = (value: number): string => (endToEnd.count === 0 ? NO_VALUE : `${millisecondsText(value)} ms`)
  const received = `${percentText(totals.promised - totals.lost, totals.promised)} of promised`
  return `<section aria-label="Key figures"><dl class="figures">${[
    figure('Sent', countText(totals.sent), perSecond),
    figure('Received', countText(totals.received), received),
    figure('Lost', countText(totals.lost), `of ${countText(totals.promised)} promised`, totals.lost > 0 ? 'bad' : ''),
    figure('Duplicates', countText(totals.duplicates), `${countText(totals.reordered)} reordered`),
    figure('Latency p50', latency(endToEnd.p50), 'end to end'),
    figure('Latency p99', latency(endToEnd.p99), `highest ${latency(endToEnd.max)}`),
    figure('Connections', countText(opened), `${countText(reconnects)} again, ${countText(lost)} lost`),
    figure('Generator', saturated ? 'Saturated' : 'Not saturated', load, saturated ? 'doubtful' : ''),
  ].join('')}</dl></section>`
}

function figure(name: string, value: string, detail: string, tone: Tone | '' = ''): string {
  return `<div class="${tone}"><dt>${name}</dt><dd class="value">${value}</dd><dd class="detail">${detail}</dd></div>`
}

export function assertionsSection({ assertions }: RunReport): string {
  if (assertions.length === 0) return ''
  const items = assertions.map(({ assertion, passed, actual }) => {
    const word = `<span class="word ${passed ? 'good' : 'bad'}">${passed ? 'ok' : 'FAILED'}</span>`
    return `<li>${word}<code>${escapeHtml(assertion)}</code><span class="actual quiet">${escapeHtml(actual)}</span></li>`
  })
  return section('Assertions', `<div class="card"><ul class="asserted">${items.join('')}</ul></div>`)
}

export function chartsSection(report: RunReport): string {
  return section('Over time', `<div class="charts">${charts(report).map(chartFigure).join('\n')}</div>`)
}

function chartFigure({ id, title, caption, label, empty }: Chart): string {
  const body =
    empty === undefined
      ? `<div class="plot" id="chart-${id}" role="img" aria-label="${escapeHtml(label)}"></div>`
      : `<p class="empty">${escapeHtml(empty)}</p>`
  const wide = id === 'rates' ? ' wide' : ''
  const words = `<figcaption><h3>${escapeHtml(title)}</h3><p>${escapeHtml(caption)}</p></figcaption>`
  return `<figure class="card${wide}">${words}${body}</figure>`
}

export function tablesSection(report: RunReport): string {
  const tables = reportTables(report).map(tableCard)
  return section('In figures', `<div class="tables">${tables.join('\n')}</div>`)
}

/** There is more room on a page than in a terminal. */
const inFull: Readonly<Record<string, string>> = {
  acked: 'acknowledged',
  'ack p50': 'acknowledged p50',
  'unconf.': 'unconfirmed',
  'dupl.': 'duplicates',
  'reord.': 'reordered',
}

function tableCard({ id, title, columns, rows, notes }: ReportTable): string {
  const head = columns
    .map(({ name, kind }) => `<th scope="col"${kindClass(kind)}>${escapeHtml(inFull[name] ?? name)}</th>`)
    .join('')
  const body = rows.slice(0, MOST_ROWS).map((row) => {
    const cells = row.map(({ text, tone }, index) => {
      const kind = columns[index]?.kind ?? 'text'
      const isHeader = index === 0 && kind === 'text'
      const tag = isHeader ? 'th' : 'td'
      return `<${tag}${isHeader ? ' scope="row"' : ''}${kindClass(kind, tone)}>${cellText(text, kind)}</${tag}>`
    })
    return `<tr>${cells.join('')}</tr>`
  })
  const facts = [
    ...notes.slice(0, MOST_NOTES),
    ...left(rows.length - MOST_ROWS, 'row'),
    ...left(notes.length - MOST_NOTES, 'note'),
  ]
  const list = facts.map((note) => `<li>${escapeHtml(note)}</li>`).join('')
  const table = `<table aria-labelledby="${id}"><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`
  return `<section class="card"><h3 id="${id}">${escapeHtml(title)}</h3>
<div class="scroll" role="region" tabindex="0" aria-labelledby="${id}">${table}</div>
${list === '' ? '' : `<ul class="notes">${list}</ul>`}</section>`
}

/** Names of flows may break after a dot. */
function cellText(text: string, kind: 'text' | 'number'): string {
  return kind === 'text' ? escapeHtml(text).replaceAll('.', '.<wbr>') : escapeHtml(text)
}

function kindClass(kind: 'text' | 'number', tone?: Tone): string {
  return ` class="${kind === 'number' ? 'number' : 'name'}${tone === undefined ? '' : ` ${tone}`}"`
}

function left(count: number, what: string): string[] {
  return count > 0 ? [`${counted(count, what)} more in report.json`] : []
}

export function runSection({ run, versions, settings }: RunReport): string {
  const facts = Object.entries({
    Run: run.id,
    Command: run.command,
    Ended: run.ended,
    'Warm-up': durationText(run.warmUpSeconds),
    Broker: versions.broker === '' ? 'unknown' : versions.broker,
    Topiary: versions.topiary,
    Node: versions.node,
    'MQTT.js': versions.mqttjs,
    Platform: versions.platform,
    Processor: `${versions.processor}, ${counted(versions.cores, 'core')}`,
  })
  const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`).join('')
  const yaml = escapeHtml(stringify(settings, { lineWidth: 0 }))
  const scenario = `<div class="scroll" role="region" tabindex="0" aria-label="Scenario"><pre>${yaml}</pre></div>`
  return section(
    'Settings and versions',
    `<div class="card"><dl class="facts">${list}</dl><details><summary>Scenario with its defaults</summary>${scenario}</details></div>`,
  )
}

const words = {
  'Latency counts from due time':
    'A message is due when its schedule says so, whether or not the device can send it then. Latency counts from there, so that a broker that stalls shows in the latency of all messages that had to wait for it.',
  Promised:
    'A delivery is promised once the broker took over the message: at QoS 1 and 2 by its acknowledgement, at QoS 0 by being sent. It counts once for each subscriber that should get it. Lost is what was promised and did not arrive.',
  Unconfirmed:
    'Sent at QoS 1 or 2 and never acknowledged, for instance because the connection broke. Nothing was promised for it: it may arrive or not, and neither is a fault.',
  Missed:
    'Published while the subscriber was away without a session. The broker owes it nothing, so it is neither promised nor lost (missedAway in report.json).',
  'Generator saturated':
    'The generator itself was short of processor time or late. Latencies and rates then say as much about it as about the broker: use fewer devices, more workers or another machine.',
} as const

export function readingSection(): string {
  const list = Object.entries(words).map(([word, meaning]) => `<dt>${word}</dt><dd>${meaning}</dd>`)
  return section('How to read this', `<div class="card"><dl class="explained">${list.join('')}</dl></div>`)
}

function section(title: string, body: string): string {
  return `<section><h2>${title}</h2>${body}</section>`
}
