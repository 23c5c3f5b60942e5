import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { ByteReader } from '../../src/protocol/byte-reader.ts'
import { PacketReader } from '../../src/protocol/packet-reader.ts'
import { PacketType } from '../../src/protocol/packet-types.ts'
import { decodeConnect, decodeConnectHeader } from '../../src/protocol/packets/connect.ts'
import { type Fault, type Judge, MqttLeg, type PassingPublish } from './mqtt-leg.ts'

export interface MqttProxyOptions {
  readonly brokerPort: number
  /** Asked for each PUBLISH that passes, in either direction. */
  readonly judge?: Judge
  /** The broker answers this much later, in order. */
  readonly slowMs?: number
}

/** A TCP proxy that understands MQTT, and loses, doubles, reorders and spoils messages as it is told. */
export interface MqttProxy {
  readonly url: string
  /** Each PUBLISH that came, in its order. */
  readonly passed: readonly PassingPublish[]
  /** Local addresses that clients connected from. */
  readonly addresses: ReadonlySet<string>
  close(): Promise<void>
}

const MAXIMUM_PACKET_BYTES = 1 << 20

export async function startMqttProxy({ brokerPort, judge, slowMs = 0 }: MqttProxyOptions): Promise<MqttProxy> {
  const passed: PassingPublish[] = []
  const addresses = new Set<string>()
  const sockets = new Set<Socket>()
  const judged = (publish: PassingPublish): Fault | undefined => {
    passed.push(publish)
    return judge?.(publish)
  }
  const server = createServer({ noDelay: true }, (client) => {
    addresses.add(client.remoteAddress ?? '')
    const broker = connect({ port: brokerPort, host: '127.0.0.1', noDelay: true })
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    join(client, broker, judged, slowMs)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    addresses,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function join(client: Socket, broker: Socket, judge: Judge, slowMs: number): void {
  const about = { clientId: '', version: 4 as 4 | 5 }
  const later = (action: () => void): void => {
    if (slowMs === 0) action()
    else setTimeout(action, slowMs)
  }
  const toBroker = (packet: Uint8Array): void => void broker.write(packet)
  const toClient = (packet: Uint8Array): void => later(() => client.writable && client.write(packet))
  const up = new MqttLeg('to broker', { toReceiver: toBroker, toSender: toClient }, judge)
  const down = new MqttLeg('to client', { toReceiver: toClient, toSender: toBroker }, judge)
  frames(client, (packet, bodyStart) => {
    if (packet[0] === PacketType.connect << 4) {
      Object.assign(about, connectingClient(packet, bodyStart))
    }
    if (passes(packet, bodyStart, about, up, down)) toBroker(packet)
  })
  frames(broker, (packet, bodyStart) => {
    if (passes(packet, bodyStart, about, down, up)) toClient(packet)
  })
  follow(client, broker, (action) => action())
  follow(broker, client, later)
}

function connectingClient(packet: Buffer, bodyStart: number): { readonly clientId: string; readonly version: 4 | 5 } {
  const reader = new ByteReader(packet, bodyStart, packet.length)
  const header = decodeConnectHeader(reader)
  if (header === undefined) throw new Error('this client speaks another protocol')
  const { clientId } = decodeConnect(reader, header)
  return { clientId, version: header.protocolVersion === 5 ? 5 : 4 }
}

/** Whether the packet goes on as it is. `own` is the leg that it would travel, `other` the one that it may answer. */
function passes(
  packet: Buffer,
  bodyStart: number,
  about: { readonly clientId: string; readonly version: 4 | 5 },
  own: MqttLeg,
  other: MqttLeg,
): boolean {
  const type = (packet[0] as number) >> 4
  switch (type) {
    case PacketType.publish:
      own.publish(packet, bodyStart, about)
      return false
    case PacketType.pubrel:
      return own.release(packet.readUInt16BE(bodyStart))
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubcomp:
      return other.response(type, packet.readUInt16BE(bodyStart))
    default:
      return true
  }
}

function frames(socket: Socket, take: (packet: Buffer, bodyStart: number) => void): void {
  const reader = new PacketReader(MAXIMUM_PACKET_BYTES, (bytes, start, bodyStart, end) => {
    take(Buffer.from(bytes.slice(start, end)), bodyStart - start)
    return true
  })
  socket.on('data', (chunk) => reader.push(chunk))
}

/** What ends at one side ends at the other, in the same way. */
function follow(one: Socket, other: Socket, when: (action: () => void) => void): void {
  one.on('error', () => when(() => other.resetAndDestroy()))
  one.on('end', () => when(() => other.end()))
  one.on('close', () => when(() => other.destroySoon()))
}
