import type { Scenario } from '../schema.ts'
import type { FaultList } from './fault-list.ts'

/** Where the broker is, and what clients show it. An address may hold a password, so none is told. */
export function checkBroker({ broker }: Scenario, faults: FaultList): void {
  const { url, cert, key } = broker
  const address = URL.canParse(url) ? new URL(url) : undefined
  if (address === undefined || address.hostname === '') {
    faults.add(['broker', 'url'], 'must be an address such as mqtt://127.0.0.1:1883')
  } else if (address.username !== '' || address.password !== '') {
    const help = 'write userName and password in fleets and subscribers'
    faults.add(['broker', 'url'], `must not hold a user name or password; ${help}`)
  }
  if (cert !== undefined && key === undefined) {
    faults.add(['broker', 'cert'], 'needs its key beside it; give broker.key too')
  }
  if (key !== undefined && cert === undefined) {
    faults.add(['broker', 'key'], 'needs its certificate beside it; give broker.cert too')
  }
}
