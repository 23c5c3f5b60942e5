import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach } from 'vitest'
import type { BrokerCore } from '../../src/broker/core.ts'
import type { PeerInfo } from '../../src/contracts/byte-stream.ts'
import type { ListenerRules } from '../../src/contracts/listener.ts'
import { DuplexStream } from '../../src/transport/duplex-stream.ts'
import { mounted } from '../../src/transport/mounted-stream.ts'
import type { StartedBroker } from './started-broker.ts'

const opened: Server[] = []

afterEach(() => {
  for (const server of opened.splice(0)) server.close()
})

export function rulesOf(rules: Partial<ListenerRules>): ListenerRules {
  return { limits: {}, features: {}, clientIdFromUser: false, ...rules }
}

/** One more way into a broker, whose clients the rules are for. Resolves with its port. */
export async function listenWith(
  { broker }: StartedBroker,
  rules: ListenerRules,
  certificateUser?: string,
): Promise<number> {
  const core = broker.statistics as BrokerCore
  const server = createServer((socket) => {
    const peer: PeerInfo = {
      transport: 'tcp',
      isEncrypted: false,
      address: socket.remoteAddress ?? '',
      port: socket.remotePort ?? 0,
      listener: 'mqtt://test',
      allowsAnonymous: true,
      certificateUser,
      rules,
    }
    core.accept(mounted(new DuplexStream(socket, peer), core.limits))
  })
  opened.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
