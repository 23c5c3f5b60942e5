import type { DocumentPath } from '../../../src/documents/document-fault.ts'
import type { Scenario } from '../schema.ts'
import type { FaultList } from './fault-list.ts'

/** MQTT says a keep alive in two bytes and every other time in four. */
const MAXIMUM_KEEP_ALIVE_SECONDS = 0xffff
const MAXIMUM_SECONDS = 0xffff_ffff

/** Times that a packet has no room for. */
export function checkLimits({ fleets, subscribers }: Scenario, faults: FaultList): void {
  const check = (path: DocumentPath, ms: number | undefined, most: number): void => {
    if (ms === undefined || Math.ceil(ms / 1000) <= most) return
    faults.add(path, `must be at most ${most}s, the most that MQTT can say, not ${ms / 1000}s`)
  }
  for (const [list, clients] of Object.entries({ fleets, subscribers })) {
    for (const [name, { keepAlive, sessionExpiry }] of Object.entries(clients)) {
      check([list, name, 'keepAlive'], keepAlive, MAXIMUM_KEEP_ALIVE_SECONDS)
      check([list, name, 'sessionExpiry'], sessionExpiry, MAXIMUM_SECONDS)
    }
  }
  for (const [name, { messages, will }] of Object.entries(fleets)) {
    for (const [key, { expiry }] of Object.entries(messages)) {
      check(['fleets', name, 'messages', key, 'expiry'], expiry, MAXIMUM_SECONDS)
    }
    check(['fleets', name, 'will', 'delay'], will?.delay, MAXIMUM_SECONDS)
  }
}
