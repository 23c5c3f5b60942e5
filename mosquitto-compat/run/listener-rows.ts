import type { ListenerAddress } from '../../src/contracts/listener.ts'

/** A listener as Mosquitto shows it to programs. */
export interface ListenerRow {
  readonly port: number
  readonly protocol: 'mqtt' | 'websockets' | 'http_api'
  readonly tls: boolean
  /** Absent where it listens on every address. */
  readonly 'bind-address'?: string
  readonly 'socket-path'?: string
}

export function listenerRows(addresses: readonly ListenerAddress[]): ListenerRow[] {
  return addresses.map(({ kind, host, port, url }) => {
    if (kind === 'unix') return { port: 0, protocol: 'mqtt', tls: false, 'socket-path': url.slice('unix:'.length) }
    const tls = url.startsWith('mqtts:') || url.startsWith('wss:')
    return { port, protocol: kind === 'websocket' ? 'websockets' : 'mqtt', tls, ...boundTo(host) }
  })
}

export function boundTo(host: string): Pick<ListenerRow, 'bind-address'> {
  return host === '::' || host === '0.0.0.0' ? {} : { 'bind-address': host }
}
