import type { AcceptStream } from '../contracts/listener.ts'
import { DuplexStream } from './duplex-stream.ts'
import { Listener, type ListenerTerms } from './listener.ts'
import { SocketServer } from './socket-server.ts'

/** MQTT straight on a socket: TCP, TLS or Unix. */
export class MqttListener extends Listener {
  protected readonly sockets: SocketServer

  constructor(terms: ListenerTerms, accept: AcceptStream) {
    super(terms)
    this.sockets = new SocketServer(terms, (socket, origin) =>
      accept(new DuplexStream(socket, this.peer('path' in terms.endpoint ? 'unix' : 'tcp', origin))),
    )
  }

  protected urlScheme(isEncrypted: boolean): string {
    return isEncrypted ? 'mqtts' : 'mqtt'
  }
}
