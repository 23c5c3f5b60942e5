import type { DocumentPath } from '../../../src/documents/document-fault.ts'
import { RESERVED_NAMES } from '../reserved-names.ts'
import { OWN_STREAMS } from '../flows.ts'
import type { Fleet, Message, Scenario } from '../schema.ts'
import type { FaultList } from './fault-list.ts'

const MOST_PER_SECOND = 1_000_000
/** Enough for every mark. */
const MARK_BYTES = 64

export function checkMessages(scenario: Scenario, faults: FaultList): void {
  for (const [name, fleet] of Object.entries(scenario.fleets)) {
    const isOld = (fleet.protocol ?? scenario.protocol) === '3.1.1'
    for (const [key, message] of Object.entries(fleet.messages)) {
      const path = ['fleets', name, 'messages', key]
      if ((OWN_STREAMS as readonly string[]).includes(key)) {
        faults.addName(path, `cannot have this name: it is that of what devices say of themselves; take another`)
      }
      checkSchedule(path, message, faults)
      checkPayload(path, message, fleet, faults)
      if (isOld) checkOldMessage(path, message, faults)
    }
    if (isOld && fleet.will?.delay !== undefined) faults.add(['fleets', name, 'will', 'delay'], needsVersion5)
    checkSparkplug(['fleets', name], fleet, faults)
  }
  checkRate(scenario, faults)
}

const needsVersion5 = 'needs MQTT 5; take it out, or write protocol: "5"'

function checkSchedule(path: DocumentPath, { every, perSecond }: Message, faults: FaultList): void {
  if (every === undefined && perSecond === undefined)
    faults.add(path, 'must have either every or perSecond, and has none')
  else if (every !== undefined && perSecond !== undefined) {
    faults.add([...path, 'perSecond'], 'must not stand beside every; take one of them out')
  }
  if (every === 0) faults.add([...path, 'every'], 'must be above 0')
}

function checkOldMessage(path: DocumentPath, { expiry, properties, payload }: Message, faults: FaultList): void {
  if (expiry !== undefined) faults.add([...path, 'expiry'], needsVersion5)
  if (properties !== undefined) faults.add([...path, 'properties'], needsVersion5)
  if (payload.format === 'fixed' && payload.bytes < MARK_BYTES) {
    const bytes = [...path, 'payload', 'bytes']
    faults.add(
      bytes,
      `must be at least ${MARK_BYTES} for MQTT 3.1.1, whose payload holds the mark, not ${payload.bytes}`,
    )
  }
}

function checkPayload(path: DocumentPath, { topic, payload }: Message, fleet: Fleet, faults: FaultList): void {
  const isSparkplug = payload.format === 'sparkplug'
  if (topic === undefined && !isSparkplug) faults.add([...path, 'topic'], 'must be a text, and is missing')
  if (topic !== undefined && isSparkplug) {
    faults.add(
      [...path, 'topic'],
      'must be left out: the topic of a Sparkplug message follows from group, node and device',
    )
  }
  if (isSparkplug && fleet.sparkplug === undefined) {
    faults.add([...path, 'payload'], 'is of format sparkplug, which needs sparkplug with a group in the fleet')
  }
  if (isSparkplug && payload.device !== undefined && fleet.sparkplug !== undefined) {
    const at = [...path, 'payload', 'device']
    faults.expectName(at, 'device of sparkplug.devices', payload.device, fleet.sparkplug.devices)
  }
  if (payload.format === 'fixed' || payload.format === 'template') return
  const sensors = Object.keys(fleet.sensors)
  if (sensors.length === 0 || payload.fields?.length === 0) {
    const help = sensors.length === 0 ? 'give the fleet sensors' : 'name sensors in fields'
    faults.add([...path, 'payload'], `of format ${payload.format} has nothing to send; ${help}, or use format: fixed`)
  }
  for (const [index, field] of (payload.fields ?? []).entries()) {
    if (sensors.length > 0) faults.expectName([...path, 'payload', 'fields', index], 'sensor', field, sensors)
  }
  if (payload.format !== 'sparkplug') checkReservedNames([...path, 'payload'], payload, sensors, faults)
}

function checkReservedNames(
  path: DocumentPath,
  { format, fields }: { readonly format: string; readonly fields?: readonly string[] | undefined },
  sensors: readonly string[],
  faults: FaultList,
): void {
  for (const [index, name] of (fields ?? sensors).entries()) {
    if (!RESERVED_NAMES.includes(name)) continue
    if (fields === undefined) {
      const help = 'rename the sensor, or name others in fields'
      faults.add(path, `of format ${format} has a ${name} of its own; ${help}`)
    } else {
      faults.add(
        [...path, 'fields', index],
        `cannot be ${name}: format ${format} has one of its own; rename the sensor`,
      )
    }
  }
}

/** The will of a connection is one: an edge node's tells its death. */
function checkSparkplug(path: DocumentPath, fleet: Fleet, faults: FaultList): void {
  if (fleet.sparkplug === undefined) return
  if (fleet.will !== undefined)
    faults.add([...path, 'will'], 'must be left out: the will of a Sparkplug node is its NDEATH')
  for (const [index, device] of fleet.sparkplug.devices.entries()) {
    if (fleet.sparkplug.devices.indexOf(device) === index) continue
    faults.add([...path, 'sparkplug', 'devices', index], `names ${device} for the second time`)
  }
}

function checkRate(scenario: Scenario, faults: FaultList): void {
  const spikes = scenario.phases.map((phase) => (phase.phase === 'spike' ? phase.times : 1))
  const times = Math.max(1, ...spikes)
  const usual = Object.values(scenario.fleets).flatMap(({ count, messages }) =>
    Object.values(messages).map(({ every, perSecond }) => count * (perSecond ?? (every ? 1000 / every : 0))),
  )
  const perSecond = usual.reduce((sum, rate) => sum + rate, 0) * times
  if (perSecond <= MOST_PER_SECOND) return
  const figures = [perSecond, MOST_PER_SECOND].map((figure) => Math.round(figure).toLocaleString('en'))
  const cause = times > 1 ? `, in a spike of ${times} times the usual` : ''
  faults.add(['fleets'], `send ${figures[0]} messages a second in all${cause}; more than ${figures[1]} cannot be made`)
}
