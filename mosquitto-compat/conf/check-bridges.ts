import { hasWildcard, topicFilterFault, topicNameFault } from '../../src/topics/topic-syntax.ts'
import type { BridgeConf } from './mosquitto-conf.ts'
import type { OptionName } from './options.ts'

/** Bridges are not started yet, but a file with a mistake in one is wrong all the same. */
export function checkBridges(bridges: readonly BridgeConf[], faults: string[]): void {
  const localIds = new Map<string, string>()
  for (const bridge of bridges) {
    for (const sentence of faultsOf(bridge)) faults.push(`${bridge.place}: bridge ${bridge.name} ${sentence}`)
    for (const { value, place } of bridge.values.all('topic')) {
      const fault = bridgeTopicFault(value)
      if (fault !== undefined) faults.push(`${place}: topic ${fault}`)
    }
    const localId = bridge.values.given('local_clientid')
    if (localId === undefined) continue
    const twin = localIds.get(localId.value)
    if (twin !== undefined) faults.push(`${localId.place}: local_clientid is that of another bridge too, at ${twin}`)
    localIds.set(localId.value, localId.place)
  }
}

const certificateOptions = [
  'bridge_cafile',
  'bridge_capath',
  'bridge_certfile',
  'bridge_keyfile',
  'bridge_tls_use_os_certs',
] as const satisfies readonly OptionName[]

function faultsOf({ values }: BridgeConf): string[] {
  const faults: string[] = []
  const addresses = values.given('address') ?? values.given('addresses')
  if (addresses === undefined) faults.push('has no address; add a line "address HOST:PORT"')
  if (values.has('address') && values.has('addresses')) faults.push('has both address and addresses; keep one of them')
  for (const address of (addresses?.value ?? '').split(' ')) {
    if (address !== '' && !isAddress(address)) faults.push(`takes HOST or HOST:PORT as its address, not "${address}"`)
  }
  const restart = values.get('restart_timeout')
  if (restart !== undefined && !/^\d{1,4}( +\d{1,4}){0,2}$/.test(restart)) {
    faults.push('takes one to three numbers of seconds as restart_timeout: BASE CAP STABLE')
  }
  if (values.has('bridge_identity') !== values.has('bridge_psk')) {
    faults.push('needs bridge_identity and bridge_psk together, or neither')
  }
  if (!/^[\da-fA-F]*$/.test(values.get('bridge_psk') ?? '')) faults.push('takes hexadecimal digits as bridge_psk')
  const isPsk = values.has('bridge_psk') || values.has('bridge_identity')
  if (isPsk && certificateOptions.some((name) => values.has(name))) {
    faults.push('has both certificates and a pre-shared key; keep one of them')
  }
  if (values.has('bridge_certfile') !== values.has('bridge_keyfile')) {
    faults.push('needs bridge_certfile and bridge_keyfile together, or neither')
  }
  return faults
}

/** An IPv6 address needs a port, so the last colon is always before one. */
function isAddress(address: string): boolean {
  const [, port] = /:(\d+)$/.exec(address) ?? []
  return port === undefined ? !address.includes(':') : Number(port) > 0 && Number(port) <= 65_535
}

/** `PATTERN [out|in|both] [QOS] [LOCAL_PREFIX] [REMOTE_PREFIX]`; `""` is empty. */
function bridgeTopicFault(value: string): string | undefined {
  const words = (value.match(/"[^"]*"|[^ ]+/g) ?? []).map((word) => word.replace(/^"(.*)"$/, '$1'))
  const [pattern = '', direction = 'out', qos = '0', local = '', remote = '', ...others] = words
  if (others.length > 0) return `has too much in it: PATTERN DIRECTION QOS LOCAL_PREFIX REMOTE_PREFIX is all`
  if (!['out', 'in', 'both'].includes(direction.toLowerCase())) return `takes out, in or both, not "${direction}"`
  if (!/^[012]$/.test(qos)) return `takes 0, 1 or 2 as its QoS, not "${qos}"`
  for (const prefix of [local, remote]) {
    if (prefix !== '' && (hasWildcard(prefix) || topicNameFault(prefix, 65_536) !== undefined)) {
      return `takes prefixes without wildcards, not "${prefix}"`
    }
  }
  if (pattern === '' && (local === '' || remote === '')) return 'needs both prefixes where the pattern is empty'
  const filters = [local + pattern, remote + pattern]
  const wrong = filters.find((filter) => topicFilterFault(filter) !== undefined)
  return wrong === undefined ? undefined : `makes "${wrong}", which is no topic filter`
}
