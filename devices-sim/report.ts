import type { FleetSummary, Progress } from './fleet.ts'
import type { QosTally } from './ledger.ts'

/** The state of a running fleet in one line; rates are those since `before`. */
export function progressLine(progress: Progress, before: Progress | undefined): string {
  const seconds = progress.seconds - (before?.seconds ?? 0)
  const perSecond = (now: number, then: number): string => String(Math.round((now - then) / seconds)).padStart(6)
  return [
    `${progress.seconds.toFixed(0).padStart(4)} s`,
    `connected ${String(progress.connected).padStart(4)}`,
    `sent ${perSecond(progress.sent, before?.sent ?? 0)}/s`,
    `received ${perSecond(progress.received, before?.received ?? 0)}/s`,
  ].join('  ')
}

/** Said as soon as it is noticed, and again at the end. */
export function brokerLost(atSeconds: number): string {
  return `broker lost at ${atSeconds.toFixed(1)} s`
}

/** The end of the story, for people. */
export function summaryText(summary: FleetSummary): string {
  const { births, wills, options } = summary
  return [
    '',
    `${options.devices} devices, ${options.subscribers} subscriber(s), MQTT ${options.protocol}, ` +
      `${summary.seconds.toFixed(1)} s, seed ${options.seed}, run ${summary.run}`,
    '',
    ...table(summary),
    '',
    `births seen ${births.seen} of ${births.sent}, wills seen ${wills.seen} of ${wills.expected}`,
    ...remarks(summary),
    verdict(summary),
    '',
  ].join('\n')
}

const columns: readonly (keyof QosTally)[] = ['sent', 'acknowledged', 'received', 'lost', 'duplicates', 'reordered']

function table(summary: FleetSummary): string[] {
  return [
    tableLine(['QoS', ...columns]),
    ...([0, 1, 2] as const).map((qos) => tableLine([qos, ...columns.map((column) => summary.qos[qos][column])])),
  ]
}

function tableLine(cells: readonly (string | number)[]): string {
  return cells.map((cell, index) => String(cell).padStart(index === 0 ? 5 : 14)).join('')
}

function remarks(summary: FleetSummary): string[] {
  const said: string[] = []
  if (summary.brokerLostAtSeconds !== undefined) said.push(brokerLost(summary.brokerLostAtSeconds))
  if (summary.rateReached < 0.99) {
    const percent = Math.floor(summary.rateReached * 100)
    said.push(`rate ${summary.options.rate} was not reached: ${percent} % of the readings asked for were made`)
  }
  if (summary.skipped > 0) said.push(`${summary.skipped} readings skipped: too many waited for an acknowledgement`)
  if (summary.lostConnections > 0) {
    said.push(`${summary.lostConnections} connections lost that no device gave up; a broker that dies sends no wills`)
  }
  if (summary.strange > 0) said.push(`${summary.strange} messages of somebody else on the fleet's topics`)
  return said
}

function verdict({ qos, missing, passed }: FleetSummary): string {
  if (passed) return 'QoS 1 lost nothing; QoS 2 arrived exactly once'
  const faults = [
    ...(qos[1].lost > 0 ? [`QoS 1 lost ${qos[1].lost}`] : []),
    ...(qos[2].lost > 0 ? [`QoS 2 lost ${qos[2].lost}`] : []),
    ...(missing > 0 ? [`${missing} devices without a connection at the end`] : []),
    ...(qos[2].duplicates > 0 ? [`QoS 2 delivered ${qos[2].duplicates} twice`] : []),
  ]
  return `FAILED: ${faults.join(', ')}`
}
