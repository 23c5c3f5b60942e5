import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { resolve } from 'node:path'
import type { ListenerConf } from '../conf/mosquitto-conf.ts'
import { type Findings, tell } from './findings.ts'

/** What has to be known of the machine. */
export interface Machine {
  readonly hasIpv6: boolean
  /** Of a network interface; empty where there is none of this name. */
  addressesOf(interfaceName: string): readonly string[]
}

/** Where one listener of the settings listens. */
export type Endpoint =
  { readonly host: string; readonly port: number; readonly ipv6Only?: true } | { readonly path: string }

export function localEndpoints(ports: readonly number[], { hasIpv6 }: Machine): Endpoint[] {
  const hosts = hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']
  return ports.flatMap((port) => hosts.map((host) => ({ host, port })))
}

export function endpointsOf(
  { port, address, values, place }: ListenerConf,
  machine: Machine,
  findings: Findings,
): Endpoint[] {
  if (port === 0 && address !== undefined) return [{ path: resolve(address) }]
  const domain = values.get('socket_domain')
  const isWanted = (host: string): boolean => domain === undefined || isIPv6(host) === (domain === 'ipv6')
  const interfaceName = values.given('bind_interface')
  if (interfaceName !== undefined) {
    const addresses = machine
      .addressesOf(interfaceName.value)
      .filter((host) => isWanted(host) && (machine.hasIpv6 || !isIPv6(host)))
    const hosts = address === undefined ? addresses : addresses.filter((host) => host === address)
    if (hosts.length === 0) tell(findings.faults, interfaceName.place, nothingAt(interfaceName.value, address, domain))
    return hosts.map((host) => ({ host, port }))
  }
  // an API over HTTP keeps to this machine unless it is told otherwise
  if (address === undefined && values.get('protocol') === 'http_api') return [{ host: '127.0.0.1', port }]
  if (address === undefined) return [everywhere(port, domain, machine)]
  if (address === 'localhost') return localEndpoints([port], machine).filter((at) => 'host' in at && isWanted(at.host))
  if (/^[\d.:]+$/.test(address) && !isWanted(address)) {
    tell(findings.faults, place, `${address} is no address of socket_domain ${domain}; change one of them`)
  }
  return [{ host: address, port }]
}

/** One socket on :: takes both families; without IPv6 in the machine it could not be opened. */
function everywhere(port: number, domain: 'ipv4' | 'ipv6' | undefined, { hasIpv6 }: Machine): Endpoint {
  if (domain === 'ipv6') return { host: '::', port, ipv6Only: true }
  return domain === 'ipv4' || !hasIpv6 ? { host: '0.0.0.0', port } : { host: '::', port }
}

function nothingAt(interfaceName: string, address: string | undefined, domain: string | undefined): string {
  const which = address === undefined ? `no ${domain ?? 'ipv4 or ipv6'} address` : `no address ${address}`
  return `the interface ${interfaceName} has ${which}; "ip address" lists those there are`
}

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  const interfaces = networkInterfaces()
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? [])
  return {
    hasIpv6: all.some(({ family }) => family === 'IPv6'),
    addressesOf: (name) =>
      (Object.hasOwn(interfaces, name) ? (interfaces[name] ?? []) : []).map((at) => scoped(at.address, name)),
  }
}

/** A link-local address is one of its interface only. */
function scoped(address: string, interfaceName: string): string {
  return address.startsWith('fe80:') ? `${address}%${interfaceName}` : address
}
