import type { Properties } from '../protocol/properties.ts'
import type { Connection } from './connection.ts'

/** Packets on which a Reason String is the server's to decide, whatever Request Problem Information says. */
type Place = 'connack' | 'disconnect' | 'acknowledgement'

/**
 * A packet with its Reason String where the client wants one and the packet still fits its Maximum Packet Size
 * [MQTT5-3.1.2-29] [MQTT5-3.2.2-19] [MQTT5-3.9.2-1] [MQTT5-3.14.2-3], else without; undefined when even that does not fit.
 */
export function explained(
  connection: Connection,
  place: Place,
  reasonString: string | undefined,
  encode: (properties: Properties) => Uint8Array,
): Uint8Array | undefined {
  const { protocolVersion, maximumPacketBytes, wantsProblemInformation } = connection
  const mayExplain = protocolVersion === 5 && (place !== 'acknowledgement' || wantsProblemInformation)
  if (mayExplain && reasonString !== undefined) {
    const full = encode({ reasonString })
    if (full.length <= maximumPacketBytes) return full
  }
  const bare = encode({})
  return bare.length <= maximumPacketBytes ? bare : undefined
}
