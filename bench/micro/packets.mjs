/** Packets as bytes, for 3.1.1 (version 4) and 5.0 without properties. All are shorter than 128 bytes. */

const text = (string) => [0, string.length, ...Buffer.from(string)]
const packet = (first, body) => Buffer.from([first, body.length, ...body])

export function connectPacket(clientId) {
  return packet(0x10, [...text('MQTT'), 4, 0x02, 0, 0, ...text(clientId)])
}

export function subscribePacket(topicFilter, qos) {
  return packet(0x82, [0, 1, ...text(topicFilter), qos])
}

export function publishPacket(topicName, payloadBytes, qos = 0, packetId = 1, version = 4) {
  const identifier = qos === 0 ? [] : [packetId >> 8, packetId & 0xff]
  const properties = version === 5 ? [0] : []
  const payload = Array.from({ length: payloadBytes }, () => 0x78)
  return packet(0x30 | (qos << 1), [...text(topicName), ...identifier, ...properties, ...payload])
}

/** `count` publishes as one chunk, packet identifiers from 1 on. */
export function publishChunk(topicName, count, qos = 0, version = 4) {
  return Buffer.concat(
    Array.from({ length: count }, (_, index) => publishPacket(topicName, 64, qos, index + 1, version)),
  )
}
