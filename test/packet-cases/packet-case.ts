import type { ProtocolVersion } from '../../src/protocol/packet-types.ts'
import type { AuthPacket } from '../../src/protocol/packets/auth.ts'
import type { ConnackPacket } from '../../src/protocol/packets/connack.ts'
import type { ConnectPacket } from '../../src/protocol/packets/connect.ts'
import type { DisconnectPacket } from '../../src/protocol/packets/disconnect.ts'
import type { PublishResponse } from '../../src/protocol/packets/publish-response.ts'
import type { SubscribePacket } from '../../src/protocol/packets/subscribe.ts'
import type { SubscriptionResponse } from '../../src/protocol/packets/subscription-response.ts'
import type { UnsubscribePacket } from '../../src/protocol/packets/unsubscribe.ts'
import type { Properties } from '../../src/protocol/properties.ts'

/** A PUBLISH taken apart, which the broker itself never does. */
export interface PublishPacket {
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly dup: boolean
  /** 0 at QoS 0. */
  readonly packetId: number
  readonly topicName: string
  /** Topic alias and subscription identifiers included. */
  readonly properties: Properties
  readonly payload: Uint8Array
}

export type Packet =
  | ({ readonly type: 'connect' } & ConnectPacket)
  | ({ readonly type: 'connack' } & ConnackPacket)
  | ({ readonly type: 'publish' } & PublishPacket)
  | PublishResponse
  | ({ readonly type: 'subscribe' } & SubscribePacket)
  | SubscriptionResponse
  | ({ readonly type: 'unsubscribe' } & UnsubscribePacket)
  | ({ readonly type: 'disconnect' } & DisconnectPacket)
  | ({ readonly type: 'auth' } & AuthPacket)

export interface PacketCase {
  readonly name: string
  readonly versions: readonly ProtocolVersion[]
  /** The whole packet, fixed header included. */
  readonly bytes: Uint8Array
  /** What the bytes say. */
  readonly packet: Packet
  /** Lengths of the body, other than its own, at which the packet is whole too: what follows is optional or a list. */
  readonly alsoWholeAt?: readonly number[]
  /** `decode`: another form is written for the same packet. `encode`: only the broker sends it, and it reads none. */
  readonly only?: 'decode' | 'encode'
}

export interface FaultCase {
  readonly name: string
  readonly versions: readonly ProtocolVersion[]
  readonly type: Packet['type']
  readonly bytes: Uint8Array
  readonly reasonCode: 0x81 | 0x82 | 0x94
}

export const malformed = 0x81
export const protocolError = 0x82
export const topicAliasInvalid = 0x94

export const everyVersion: readonly ProtocolVersion[] = [3, 4, 5]
export const version3: readonly ProtocolVersion[] = [3, 4]
export const version31: readonly ProtocolVersion[] = [3]
export const version311: readonly ProtocolVersion[] = [4]
export const version5: readonly ProtocolVersion[] = [5]
