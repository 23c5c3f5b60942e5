import { bytesText, counted, countText, millisecondsText, NO_VALUE, secondText } from './figures.ts'
import type { Latency, RunReport } from './run-report.ts'

export type Tone = 'good' | 'bad' | 'doubtful'

export interface Cell {
  readonly text: string
  readonly tone?: Tone
}

/** One table of a report, ready to be drawn as text or as HTML. */
export interface ReportTable {
  readonly id: string
  readonly title: string
  readonly columns: readonly { readonly name: string; readonly kind: 'text' | 'number' }[]
  readonly rows: readonly (readonly Cell[])[]
  /** Single facts that belong to it, such as which messages were lost. */
  readonly notes: readonly string[]
}

/** All tables that have something in them, in the order in which one reads them. */
export function reportTables(report: RunReport): ReportTable[] {
  const tables = [
    publishingTable(report),
    deliveriesTable(report),
    latenciesTable(report),
    statusTable(report),
    offlineTable(report),
    commandsTable(report),
    connectionsTable(report),
    workersTable(report),
    gapsTable(report),
  ]
  return tables.filter(({ rows }) => rows.length > 0).map(withoutIdleColumns)
}

/** Columns of rare events that are shown only where there are any, so that the others have room. */
const rare: ReadonlySet<string> = new Set(['refused', 'missed', 'unconf.'])

function withoutIdleColumns(table: ReportTable): ReportTable {
  const isShown = table.columns.map(({ name }, index) => {
    return !rare.has(name) || table.rows.some((row) => !['0', NO_VALUE].includes(row[index]?.text ?? NO_VALUE))
  })
  const shown = <T>(items: readonly T[]): T[] => items.filter((_, index) => isShown[index])
  return { ...table, columns: shown(table.columns), rows: table.rows.map(shown) }
}

function publishingTable({ publishing }: RunReport): ReportTable {
  return {
    id: 'publishing',
    title: 'Publishing',
    columns: [
      ...texts('flow'),
      ...numbers('QoS', 'due', 'sent', 'acked', 'unconf.', 'refused', 'discarded', 'ack p50', 'p99', 'max ms'),
    ],
    rows: publishing.map((flow) => [
      text(flow.flow),
      text(String(flow.qos)),
      number(flow.due),
      number(flow.sent),
      flow.qos === 0 ? none : number(flow.acknowledged),
      flow.qos === 0 ? none : number(flow.unconfirmed, 'doubtful'),
      number(flow.refused, 'bad'),
      number(flow.discarded, 'doubtful'),
      ...latencyCells(flow.acknowledgementMs, ['p50', 'p99', 'max']),
    ]),
    notes: [],
  }
}

function deliveriesTable({ deliveries }: RunReport): ReportTable {
  return {
    id: 'deliveries',
    title: 'Deliveries',
    columns: [
      ...texts('flow', 'subscriber'),
      ...numbers('QoS', 'promised', 'received', 'lost', 'dupl.', 'reord.', 'missed', 'p50', 'p99', 'max ms'),
    ],
    rows: deliveries.map((delivery) => [
      text(delivery.flow),
      text(delivery.subscriber),
      text(String(delivery.qos)),
      number(delivery.promised),
      number(delivery.received),
      number(delivery.lost, delivery.qos === 0 ? 'doubtful' : 'bad'),
      number(delivery.duplicates, delivery.qos === 2 ? 'bad' : 'doubtful'),
      number(delivery.reordered, 'doubtful'),
      number(delivery.missedAway),
      ...latencyCells(delivery.latencyMs, ['p50', 'p99', 'max']),
    ]),
    notes: deliveries.flatMap(deliveryNotes),
  }
}

function deliveryNotes({ flow, subscriber, examples, duplicates, duplicatesWithDup }: RunReport['deliveries'][number]) {
  const unmarked = duplicates - duplicatesWithDup
  const facts = [...(unmarked > 0 ? [`${counted(unmarked, 'duplicate')} without the DUP flag`] : []), ...examples]
  return facts.map((fact) => `${flow} to ${subscriber}: ${fact}`)
}

function latenciesTable({ latencies }: RunReport): ReportTable {
  const named: readonly (readonly [string, Latency])[] = [
    ['end to end', latencies.endToEnd],
    ['PUBACK', latencies.puback],
    ['PUBCOMP', latencies.pubcomp],
    ['CONNACK', latencies.connect],
    ['SUBACK', latencies.suback],
  ]
  return {
    id: 'latencies',
    title: 'Latencies, ms',
    columns: [...texts('of'), ...numbers('count', 'min', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'max')],
    rows: named
      .filter(([, { count }]) => count > 0)
      .map(([name, latency]) => [
        text(name),
        number(latency.count),
        ...latencyCells(latency, ['min', 'mean', 'p50', 'p90', 'p99', 'p999', 'max']),
      ]),
    notes: [],
  }
}

/** Wills, births and retained messages: what should be there, and what was. */
function statusTable({ wills, births, retained }: RunReport): ReportTable {
  const row = (name: string, ...cells: Cell[]): Cell[] => [text(name), ...cells]
  const rows: Cell[][] = []
  if (wills.expected + wills.seen + wills.unexpected + wills.unconfirmed > 0) {
    const { expected, seen, missing, unexpected, unconfirmed } = wills
    const wrong = [number(missing, 'bad'), number(unexpected, 'bad'), number(unconfirmed, 'doubtful')]
    rows.push(row('wills', number(expected), number(seen), ...wrong))
  }
  if (births.expected > 0) {
    rows.push(row('births', number(births.expected), number(births.seen), number(births.missing, 'bad'), none, none))
  }
  if (retained.topics > 0) {
    const wrong = [number(retained.missing, 'bad'), number(retained.wrong, 'bad'), none]
    rows.push(row('retained', number(retained.topics), number(retained.right), ...wrong))
  }
  return {
    id: 'status',
    title: 'Wills, births, retained messages',
    columns: [...texts('of'), ...numbers('expected', 'right', 'missing', 'wrong', 'unconf.')],
    rows,
    notes: retained.examples,
  }
}

function offlineTable({ offline }: RunReport): ReportTable {
  return {
    id: 'offline',
    title: 'Subscribers that were away',
    columns: [...texts('subscriber'), ...numbers('number', 'from s', 'for s', 'queued', 'arrived', 'missing')],
    rows: offline
      .toSorted((one, other) => other.missing - one.missing)
      .map((absence) => [
        text(absence.subscriber),
        number(absence.number),
        text(secondText(absence.fromSecond)),
        text(secondText(absence.seconds)),
        number(absence.queued),
        number(absence.arrived),
        number(absence.missing, 'bad'),
      ]),
    notes: [],
  }
}

function commandsTable({ commands }: RunReport): ReportTable {
  return {
    id: 'commands',
    title: 'Commands',
    columns: [
      ...texts('command'),
      ...numbers('sent', 'answered', 'timed out', 'round trip p50', 'p90', 'p99', 'max ms'),
    ],
    rows: commands.map(({ name, sent, answered, timedOut, roundTripMs }) => [
      text(name),
      number(sent),
      number(answered),
      number(timedOut, 'bad'),
      ...latencyCells(roundTripMs, ['p50', 'p90', 'p99', 'max']),
    ]),
    notes: [],
  }
}

function connectionsTable({ connections }: RunReport): ReportTable {
  const { wanted, opened, reconnects, failed, lost, missingAtEnd, reasons } = connections
  const cells = [number(opened), number(reconnects), number(failed, 'doubtful'), number(lost, 'doubtful')]
  return {
    id: 'connections',
    title: 'Connections',
    columns: numbers('wanted', 'opened', 'reconnects', 'failed', 'lost', 'missing at the end'),
    rows: [[number(wanted), ...cells, number(missingAtEnd, 'bad')]],
    notes: reasons.map(({ reason, count }) => `${counted(count, 'time')}: ${reason}`),
  }
}

function workersTable({ generator }: RunReport): ReportTable {
  return {
    id: 'workers',
    title: 'Generator',
    columns: [
      ...numbers('process', 'clients', 'CPU cores', 'memory', 'loop delay p50', 'p99', 'max ms'),
      ...numbers('late p50', 'p99', 'max ms'),
    ],
    rows: generator.workers.map(({ pid, clients, cpuCores, rssBytes, loopDelayMs, lateMs }) => [
      text(String(pid)),
      number(clients),
      text(cpuCores.toFixed(2)),
      text(bytesText(rssBytes)),
      ...latencyCells(loopDelayMs, ['p50', 'p99', 'max']),
      ...latencyCells(lateMs, ['p50', 'p99', 'max']),
    ]),
    notes: [],
  }
}

function gapsTable({ gaps }: RunReport): ReportTable {
  return {
    id: 'gaps',
    title: 'Gaps: no device connected',
    columns: numbers('from s', 'to s', 'seconds'),
    rows: gaps.map(({ fromSecond, toSecond }) => [
      text(secondText(fromSecond)),
      text(secondText(toSecond)),
      { text: secondText(toSecond - fromSecond), tone: 'doubtful' },
    ]),
    notes: [],
  }
}

const none: Cell = { text: NO_VALUE }

function text(value: string): Cell {
  return { text: value }
}

/** With a tone for anything above 0. */
function number(value: number, tone?: Tone): Cell {
  return { text: countText(value), ...(tone !== undefined && value > 0 && { tone }) }
}

function latencyCells(latency: Latency, keys: readonly Exclude<keyof Latency, 'count'>[]): Cell[] {
  return keys.map((key) => (latency.count === 0 ? none : text(millisecondsText(latency[key]))))
}

function texts(...names: string[]) {
  return names.map((name) => ({ name, kind: 'text' as const }))
}

function numbers(...names: string[]) {
  return names.map((name) => ({ name, kind: 'number' as const }))
}
