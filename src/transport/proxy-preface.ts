import type { Socket } from 'node:net'
import { parseProxyHeader, type ProxyHeader } from './proxy-header.ts'

/**
 * Reads the PROXY header a connection must begin with; what came behind it is put back for whoever reads next. Calls
 * `then` once, with the socket paused, unless the socket closes before.
 */
export function readProxyHeader(
  socket: Socket,
  timeoutMs: number,
  then: (finding: ProxyHeader | { readonly fault: string }) => void,
): void {
  let seen: Buffer = Buffer.alloc(0)
  const timer = setTimeout(() => finish({ fault: 'no header came in time' }), timeoutMs)
  const finish = (finding: ProxyHeader | { readonly fault: string }): void => {
    clearTimeout(timer)
    socket.off('data', onData)
    socket.off('close', onClose)
    socket.pause()
    // only now: a socket that flows would hand it to onData again
    if ('length' in finding && seen.length > finding.length) socket.unshift(seen.subarray(finding.length))
    then(finding)
  }
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const header = parseProxyHeader(seen)
    if (header !== 'incomplete') finish(header.kind === 'invalid' ? { fault: header.reason } : header)
  }
  const onClose = (): void => clearTimeout(timer)
  socket.on('data', onData)
  socket.once('close', onClose)
}
