import { countText, durationText, millisecondsText, secondText } from '../figures.ts'
import type { RunReport } from '../run-report.ts'

type Column = readonly (number | null)[]

/** What the charts of a page are drawn from, as columns. */
export interface ChartData {
  readonly seconds: Column
  readonly due: Column
  readonly sent: Column
  readonly received: Column
  readonly connected: Column
  readonly p50: Column
  readonly p90: Column
  readonly p99: Column
  readonly max: Column
  readonly cpu: Column
  readonly loopDelay: Column
  readonly bars: { readonly upTo: Column; readonly counts: Column }
  readonly marks: readonly { readonly name: string; readonly at: number }[]
  readonly phases: RunReport['phases']
  readonly gaps: RunReport['gaps']
}

/** Below this a logarithmic scale has no place for it. */
const LEAST_MS = 0.001

export function chartData({ series, distributions, latencies, phases, gaps }: RunReport): ChartData {
  const column = (key: Exclude<keyof RunReport['series'][number], 'ackP99Ms'>) => series.map((line) => line[key])
  const logarithmic = (key: 'p50Ms' | 'p90Ms' | 'p99Ms' | 'maxMs') =>
    column(key).map((value) => value && Math.max(value, LEAST_MS))
  const bars = distributions.endToEnd.filter(({ upToMs }) => upToMs > 0)
  return {
    seconds: column('second'),
    due: column('due'),
    sent: column('sent'),
    received: column('received'),
    connected: column('connected'),
    p50: logarithmic('p50Ms'),
    p90: logarithmic('p90Ms'),
    p99: logarithmic('p99Ms'),
    max: logarithmic('maxMs'),
    cpu: column('cpuCores'),
    loopDelay: column('loopDelayP99Ms'),
    bars: { upTo: bars.map(({ upToMs }) => upToMs), counts: bars.map(({ count }) => count) },
    marks: [
      { name: 'p50', at: latencies.endToEnd.p50 },
      { name: 'p99', at: latencies.endToEnd.p99 },
    ],
    phases,
    gaps,
  }
}

export interface Chart {
  readonly id: 'rates' | 'latency' | 'histogram' | 'connected' | 'generator'
  readonly title: string
  readonly caption: string
  /** The chart in words, for who does not see it. */
  readonly label: string
  /** Said in place of a chart that has nothing to show. */
  readonly empty: string | undefined
}

export function charts(report: RunReport): Chart[] {
  const { series, latencies, distributions, connections } = report
  const most = (key: 'due' | 'sent' | 'received' | 'connected' | 'cpuCores' | 'loopDelayP99Ms'): number =>
    series.reduce((highest, line) => Math.max(highest, line[key]), 0)
  const { count, p50, p99, max } = latencies.endToEnd
  const spread = `p50 ${millisecondsText(p50)} ms, p99 ${millisecondsText(p99)} ms, highest ${millisecondsText(max)} ms`
  const noSeries = series.length === 0 ? 'The run ended before its first second was over.' : undefined
  const isMute = series.every(({ maxMs }) => maxMs === null)
  const nothing = count === 0 ? 'Nothing arrived, so there is no latency to show.' : undefined
  return [
    {
      id: 'rates',
      title: 'Messages per second',
      caption: 'Received is summed over all subscribers, so it may be a multiple of sent.',
      label: `Messages per second over time. Highest: due ${countText(most('due'))}, sent ${countText(most('sent'))}, received ${countText(most('received'))}.`,
      empty: noSeries,
    },
    {
      id: 'latency',
      title: 'End-to-end latency over time, ms',
      caption: 'Of what arrived in each second, from the time it was due. Logarithmic scale.',
      label: `End-to-end latency percentiles over time. Over the whole run: ${spread}.`,
      empty: noSeries ?? nothing ?? (isMute ? 'In no second did anything arrive.' : undefined),
    },
    {
      id: 'histogram',
      title: 'Distribution of end-to-end latency',
      caption: 'Messages by latency in ms, logarithmic from left to right.',
      label: `Histogram of end-to-end latency of ${countText(count)} messages: ${spread}.`,
      empty: distributions.endToEnd.length === 0 ? (nothing ?? 'No distribution was recorded.') : undefined,
    },
    {
      id: 'connected',
      title: 'Connected clients',
      caption: phasesText(report),
      label: `Connected clients over time, at most ${countText(most('connected'))} of ${countText(connections.wanted)}. ${gapsText(report)}`,
      empty: noSeries,
    },
    {
      id: 'generator',
      title: 'Load of the generator',
      caption: 'Left: processor cores in use. Right: delay of the event loop, p99 in ms.',
      label: `Load of the generator over time: at most ${most('cpuCores').toFixed(2)} processor cores, event loop delay at most ${millisecondsText(most('loopDelayP99Ms'))} ms.`,
      empty: noSeries,
    },
  ]
}

function phasesText(report: RunReport): string {
  const phases = report.phases.map(
    ({ phase, fromSecond, toSecond }) => `${phase} ${secondText(fromSecond)}–${secondText(toSecond)} s`,
  )
  return [...(phases.length > 0 ? [`Phases: ${phases.join(', ')}.`] : []), gapsText(report)].join(' ').trim()
}

function gapsText({ gaps }: RunReport): string {
  if (gaps.length === 0) return ''
  const away = gaps.reduce((sum, { fromSecond, toSecond }) => sum + toSecond - fromSecond, 0)
  return `Red: no device was connected, ${durationText(away)} in all.`
}
