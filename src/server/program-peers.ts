import type { PeerInfo } from '../contracts/byte-stream.ts'
import type { StreamTerms } from './broker.ts'

/** A client within the process. */
export function inProcess(name: string): PeerInfo {
  return { ...peerOf({ name, allowAnonymous: true }), transport: 'in-process' }
}

/** A client on a stream that the program brings. */
export function peerOf({ allowAnonymous = false, name = 'stream', address = '' }: StreamTerms): PeerInfo {
  return {
    transport: 'stream',
    isEncrypted: false,
    address,
    port: 0,
    listener: name,
    allowsAnonymous: allowAnonymous,
    certificateUser: undefined,
  }
}
