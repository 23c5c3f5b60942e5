import { LatencyHistogram } from '../measures/latency-histogram.ts'
import type { RunReport } from '../report/run-report.ts'
import type { SecondBooks } from '../proof/books.ts'

type Second = RunReport['series'][number]

/** One line per second out of the seconds of all processes. */
export function mergeSeconds(seconds: readonly SecondBooks[]): Second[] {
  const byNumber = new Map<number, SecondBooks[]>()
  for (const one of seconds) byNumber.set(one.second, [...(byNumber.get(one.second) ?? []), one])
  return [...byNumber].toSorted(([one], [other]) => one - other).map(([, parts]) => merged(parts))
}

function merged(parts: readonly SecondBooks[]): Second {
  const sum = (valueOf: (part: SecondBooks) => number): number => parts.reduce((all, part) => all + valueOf(part), 0)
  const endToEnd = mergedHistogram(parts.map((part) => part.endToEnd))
  const acknowledgement = mergedHistogram(parts.map((part) => part.acknowledgement))
  return {
    second: parts[0]?.second ?? 0,
    connected: sum((part) => part.connected),
    due: sum((part) => part.due),
    sent: sum((part) => part.sent),
    acknowledged: sum((part) => part.acknowledged),
    received: sum((part) => part.received),
    discarded: sum((part) => part.discarded),
    lostConnections: sum((part) => part.lost),
    p50Ms: percentile(endToEnd, 50),
    p90Ms: percentile(endToEnd, 90),
    p99Ms: percentile(endToEnd, 99),
    maxMs: endToEnd.count === 0 ? null : endToEnd.maxMs,
    ackP99Ms: percentile(acknowledgement, 99),
    cpuCores: sum((part) => part.cpuCores),
    loopDelayP99Ms: Math.max(...parts.map((part) => part.loopDelayP99Ms)),
  }
}

function percentile(histogram: LatencyHistogram, of: number): number | null {
  return histogram.count === 0 ? null : histogram.percentileMs(of)
}

export function mergedHistogram(texts: readonly string[]): LatencyHistogram {
  const histogram = new LatencyHistogram()
  for (const text of texts) histogram.add(LatencyHistogram.decode(text))
  return histogram
}
