import type { RunReport } from './run-report.ts'

/** Where the broker was, without a user name or password in the URL. */
export function brokerUrl({ settings }: RunReport): string {
  const broker = settings['broker']
  const url = typeof broker === 'object' && broker !== null ? (broker as { url?: unknown }).url : undefined
  return typeof url === 'string' ? url.replace(/\/\/[^@/]*@/, '//') : 'an unknown broker'
}

/** Sums over all flows; `received` and what follows are summed over the subscribers. */
export function totalsOf(report: RunReport) {
  const { publishing, deliveries } = report
  return {
    due: sum(publishing, ({ due }) => due),
    sent: sum(publishing, ({ sent }) => sent),
    acknowledged: sum(publishing, ({ acknowledged }) => acknowledged),
    discarded: sum(publishing, ({ discarded }) => discarded),
    promised: sum(deliveries, ({ promised }) => promised),
    received: sum(deliveries, ({ received }) => received),
    lost: sum(deliveries, ({ lost }) => lost),
    duplicates: sum(deliveries, ({ duplicates }) => duplicates),
    reordered: sum(deliveries, ({ reordered }) => reordered),
  }
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
