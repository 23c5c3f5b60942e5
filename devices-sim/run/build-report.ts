import type { LatencyHistogram } from '../measures/latency-histogram.ts'
import { reckonDeliveries } from '../proof/reckon-deliveries.ts'
import { reckonInvented } from '../proof/reckon-invented.ts'
import { reckonWills } from '../proof/reckon-wills.ts'
import type { Delivery, Publishing, RunReport } from '../report/run-report.ts'
import { type ExpectedDelivery, expectedDeliveries } from '../scenario/expected-deliveries.ts'
import { type Flow, flowsOf } from '../scenario/flows.ts'
import { deviceIdentities } from '../scenario/identities.ts'
import type { Scenario } from '../scenario/schema.ts'
import { SequenceSet } from '../proof/sequence-set.ts'
import { rangesOf } from './assignment.ts'
import type { Books, SecondBooks } from '../proof/books.ts'
import type { RetainedFindings } from './check-retained.ts'
import { mergedHistogram, mergeSeconds } from './merge-seconds.ts'
import { saturationOf } from './saturation.ts'
import type { Timetable } from '../timing/timetable.ts'

/** All that is known when a run is over. */
export interface RunFindings {
  readonly scenario: Scenario
  readonly timetable: Timetable
  readonly books: readonly Books[]
  readonly seconds: readonly SecondBooks[]
  readonly retained: readonly RetainedFindings[]
  readonly run: RunReport['run']
  readonly versions: RunReport['versions']
  readonly settings: RunReport['settings']
}

/** The report but for its assertions. */
export function buildReport(findings: RunFindings): RunReport {
  const { scenario, books, timetable, run } = findings
  const flows = flowsOf(scenario)
  const expected = expectedDeliveries(scenario, run.id)
  const publishing = flows
    .filter(({ kind }) => kind !== 'will' && kind !== 'ndeath')
    .map((flow) => publishingOf(flow, books))
  const deliveries = deliveriesOf(expected, books, scenario, run.id)
  const series = mergeSeconds(findings.seconds)
  const histograms = histogramsOf(flows, books)
  const workers = books.map(workerOf)
  const reasons = saturationOf(workers.map((worker, index) => ({ ...worker, seconds: books[index]?.seconds ?? 0 })))
  return {
    format: 'topiary-sim-report',
    version: 1,
    run,
    versions: findings.versions,
    settings: findings.settings,
    generator: { saturated: reasons.length > 0, reasons, workers },
    connections: connectionsOf(books),
    publishing,
    deliveries,
    wills: reckonWills(expected, books),
    births: birthsOf(flows, deliveries),
    retained: retainedOf(findings.retained),
    offline: offlineOf(findings),
    commands: commandsOf(scenario, books),
    latencies: {
      connect: histograms.connect.summary(),
      suback: histograms.suback.summary(),
      puback: histograms.puback.summary(),
      pubcomp: histograms.pubcomp.summary(),
      endToEnd: histograms.endToEnd.summary(),
    },
    distributions: {
      endToEnd: histograms.endToEnd.bars(),
      puback: histograms.puback.bars(),
      pubcomp: histograms.pubcomp.bars(),
      connect: histograms.connect.bars(),
    },
    histograms: Object.fromEntries(Object.entries(histograms).map(([name, one]) => [name, one.encode()])),
    series,
    phases: timetable.phases.map(({ phase, fromUs, toUs }) => ({
      phase: phase.phase,
      fromSecond: fromUs / 1e6,
      toSecond: Math.min(toUs / 1e6, Math.max(run.seconds, fromUs / 1e6)),
    })),
    gaps: rangesOf(scenario).length === 0 ? [] : gapsOf(series, timetable, run.seconds),
    assertions: [],
    stray: sum(books, ({ stray }) => stray) + reckonInvented(books),
    passed: false,
  }
}

function publishingOf({ name, qos, devices, stream, firstDevice }: Flow, books: readonly Books[]): Publishing {
  const parts = books.flatMap(({ flows }) => flows.filter(({ flow }) => flow === name))
  const streams = books
    .flatMap((one) => one.streams)
    .filter((one) => one.stream === stream && one.device >= firstDevice && one.device < firstDevice + devices)
  return {
    flow: name,
    qos,
    devices,
    due: sum(parts, ({ due }) => due),
    sent: sum(parts, ({ sent }) => sent),
    acknowledged: sum(parts, ({ acknowledged }) => acknowledged),
    unconfirmed:
      sum(streams, ({ unconfirmed }) => SequenceSet.from(unconfirmed).size) - sum(parts, (one) => one.refused),
    refused: sum(parts, ({ refused }) => refused),
    discarded: sum(parts, ({ discarded }) => discarded),
    acknowledgementMs: mergedHistogram(parts.map(({ acknowledgements }) => acknowledgements)).summary(),
  }
}

function deliveriesOf(
  expected: readonly ExpectedDelivery[],
  books: readonly Books[],
  scenario: Scenario,
  run: string,
): Delivery[] {
  return reckonDeliveries(expected, books, clientNames(scenario, run)).map((row) => {
    const latencyMs = mergedHistogram(latencyTexts(books, row.flow, row.subscriber)).summary()
    return { ...row, latencyMs }
  })
}

function latencyTexts(books: readonly Books[], flow?: string, subscriber?: string): string[] {
  const trackers = books.flatMap((one) => one.trackers).filter(({ group }) => (subscriber ?? group) === group)
  return trackers.flatMap(({ latencies }) =>
    latencies.filter(([name]) => (flow ?? name) === name).map(([, text]) => text),
  )
}

function clientNames(scenario: Scenario, run: string): (device: number) => string {
  const ranges = rangesOf(scenario).map((range) => ({
    ...range,
    identityOf: deviceIdentities(scenario, range.fleet, run),
  }))
  return (device) => {
    const range = ranges.find(({ first, end }) => device >= first && device < end)
    return range?.identityOf(device - range.first + 1).client ?? `device ${device}`
  }
}

function histogramsOf(
  flows: readonly Flow[],
  books: readonly Books[],
): Record<keyof RunReport['latencies'], LatencyHistogram> {
  const acknowledgements = (qos: 1 | 2): string[] => {
    const names = new Set(flows.filter((flow) => flow.qos === qos).map(({ name }) => name))
    return books.flatMap((one) => one.flows.filter(({ flow }) => names.has(flow)).map((flow) => flow.acknowledgements))
  }
  return {
    connect: mergedHistogram(books.map(({ latencies }) => latencies.connect)),
    suback: mergedHistogram(books.map(({ latencies }) => latencies.suback)),
    puback: mergedHistogram(acknowledgements(1)),
    pubcomp: mergedHistogram(acknowledgements(2)),
    endToEnd: mergedHistogram(latencyTexts(books)),
  }
}

function workerOf(books: Books): RunReport['generator']['workers'][number] {
  const { pid, clients, cpuCores, busySeconds, rssBytes } = books
  const lateMs = mergedHistogram([books.latencies.late]).summary()
  const loopDelayMs = mergedHistogram([books.loopDelay]).summary()
  return { pid, clients, cpuCores, busySeconds, rssBytes, loopDelayMs, lateMs }
}

function connectionsOf(books: readonly Books[]): RunReport['connections'] {
  const reasons = new Map<string, number>()
  for (const [reason, count] of books.flatMap(({ connections }) => connections.reasons)) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + count)
  }
  return {
    wanted: sum(books, ({ clients }) => clients),
    opened: sum(books, ({ connections }) => connections.opened),
    reconnects: sum(books, ({ connections }) => connections.reconnects),
    failed: sum(books, ({ connections }) => connections.failed),
    lost: sum(books, ({ connections }) => connections.lost),
    missingAtEnd: sum(books, ({ connections }) => connections.missing),
    reasons: [...reasons].toSorted((one, other) => other[1] - one[1]).map(([reason, count]) => ({ reason, count })),
  }
}

function birthsOf(flows: readonly Flow[], deliveries: readonly Delivery[]): RunReport['births'] {
  const births = new Set(flows.filter(({ kind }) => kind.endsWith('birth')).map(({ name }) => name))
  const seen = deliveries.filter(({ flow }) => births.has(flow))
  return {
    expected: sum(seen, ({ promised }) => promised),
    seen: sum(seen, ({ received }) => received),
    missing: sum(seen, ({ lost }) => lost),
  }
}

function retainedOf(findings: readonly RetainedFindings[]): RunReport['retained'] {
  return {
    topics: sum(findings, ({ topics }) => topics),
    right: sum(findings, ({ right }) => right),
    wrong: sum(findings, ({ wrong }) => wrong),
    missing: sum(findings, ({ missing }) => missing),
    examples: findings.flatMap(({ examples }) => examples),
  }
}

function offlineOf({ books }: RunFindings): RunReport['offline'] {
  return books
    .flatMap(({ absences }) => absences)
    .map(({ subscriber, number, window, leftUs, backUs, arrived }) => {
      const counts = books.flatMap((one) => one.queued).filter((one) => one.window === window)
      const queued = sum(
        counts.filter((one) => one.number === 0 || one.number === number),
        ({ count }) => count,
      )
      const seconds = Number.isFinite(backUs) ? (backUs - leftUs) / 1e6 : 0
      return {
        subscriber,
        number,
        fromSecond: leftUs / 1e6,
        seconds,
        queued,
        arrived,
        missing: Math.max(0, queued - arrived),
      }
    })
}

function commandsOf(scenario: Scenario, books: readonly Books[]): RunReport['commands'] {
  return Object.keys(scenario.commands).map((name) => {
    const parts = books.flatMap((one) => one.commands.filter((command) => command.name === name))
    return {
      name,
      sent: sum(parts, ({ sent }) => sent),
      answered: sum(parts, ({ answered }) => answered),
      timedOut: sum(parts, ({ timedOut }) => timedOut),
      roundTripMs: mergedHistogram(parts.map(({ roundTrips }) => roundTrips)).summary(),
    }
  })
}

/** Whole seconds after the ramp in which no device had a connection. */
function gapsOf(series: RunReport['series'], { rampEndUs, endUs }: Timetable, seconds: number): RunReport['gaps'] {
  // a second is looked at when it ends: then devices must still have been meant to stay
  const lastSecond = Math.min(endUs / 1e6, seconds) - 1

  const gaps: { fromSecond: number; toSecond: number }[] = []
  for (const { second, connected } of series) {
    if (connected > 0 || second * 1e6 < rampEndUs || second > lastSecond) continue
    const last = gaps.at(-1)
    if (last?.toSecond === second) last.toSecond = second + 1
    else gaps.push({ fromSecond: second, toSecond: second + 1 })
  }
  return gaps
}

function sum<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((total, item) => total + valueOf(item), 0)
}
