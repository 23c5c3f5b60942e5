import { isIPv6 } from 'node:net'
import type { ListenerAddress } from '../../src/contracts/listener.ts'
import type { LoadedMosquittoConf } from '../load-mosquitto-conf.ts'

/** What the log says of sockets that are open. */
export function openingLines(addresses: readonly ListenerAddress[], httpPorts: readonly number[]): string[] {
  const ofClients = addresses.flatMap(({ kind, host, port, url }) => {
    if (kind === 'unix') return [`Opening unix listen socket on path ${url.slice('unix:'.length)}.`]
    if (kind === 'websocket') return [`Opening websockets listen socket on port ${port}.`]
    const families = host === '::' ? ['ipv4', 'ipv6'] : [isIPv6(host) ? 'ipv6' : 'ipv4']
    return families.map((family) => `Opening ${family} listen socket on port ${port}.`)
  })
  return [...ofClients, ...httpPorts.map((port) => `Opening http_api listen socket on port ${port}.`)]
}

/** What it says when nothing in the conf opens the broker to other machines. */
export function localOnlyLines({ conf }: LoadedMosquittoConf): string[] {
  if (!conf.isLocalOnly) return []
  return [
    'Starting in local only mode. Connections will only be possible from clients running on this machine.',
    'Create a configuration file which defines a listener to allow remote access.',
  ]
}
