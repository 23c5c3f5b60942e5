import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { addressOf } from '../transport/socket-server.ts'
import type { WebSocketUpgrades } from '../transport/websocket-upgrades.ts'
import type { AttachTerms } from './broker.ts'
import { peerOf } from './program-peers.ts'

/**
 * Takes WebSocket upgrades of a program's HTTP server. `newUpgrades` is called again when `currentTerms` gives others: a
 * reload may have changed the largest frame. Returns how to stop.
 */
export function attachTo(
  server: Server,
  terms: AttachTerms,
  currentTerms: () => object,
  newUpgrades: () => WebSocketUpgrades,
): () => void {
  const { path } = terms
  let upgrades = newUpgrades()
  let known = currentTerms()
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (path !== undefined && request.url?.split('?', 1)[0] !== path) {
      // somebody else's, unless there is nobody else
      if (server.listenerCount('upgrade') === 1) socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
      return
    }
    const { remotePort = 0 } = request.socket
    const isEncrypted = 'encrypted' in request.socket
    const peer = { ...peerOf({ address: addressOf(request.socket), ...terms }), port: remotePort, isEncrypted }
    if (known !== currentTerms()) {
      known = currentTerms()
      upgrades = newUpgrades()
    }
    upgrades.upgrade(request, socket, head, { ...peer, transport: 'websocket' })
  }
  server.on('upgrade', onUpgrade)
  return () => void server.off('upgrade', onUpgrade)
}
