import type { AddressInfo, Server } from 'node:net'

/** Where a listener can be reached. */
export interface ListenerAddress {
  readonly kind: 'tcp' | 'websocket'
  readonly host: string
  readonly port: number
  /** `mqtt://127.0.0.1:1883` or `ws://127.0.0.1:9001`. */
  readonly url: string
}

/** How many connections may wait to be accepted: a fleet that reconnects comes all at once. */
const BACKLOG = 4096

export function listenOn(
  server: Pick<Server, 'listen' | 'once' | 'off' | 'address'>,
  kind: ListenerAddress['kind'],
  host: string,
  port: number,
): Promise<ListenerAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', reject)
      const bound = (server.address() as AddressInfo).port
      const shown = host.includes(':') ? `[${host}]` : host
      resolve({ kind, host, port: bound, url: `${kind === 'tcp' ? 'mqtt' : 'ws'}://${shown}:${bound}` })
    })
  })
}
