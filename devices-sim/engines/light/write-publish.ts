import type { Outbox } from '../../../src/broker/outbox.ts'
import { variableByteIntegerSize } from '../../../src/protocol/byte-writer.ts'
import { writeVariableByteInteger } from '../../../src/protocol/packets/publish.ts'
import { encodePropertyBody, type Properties } from '../../../src/protocol/properties.ts'
import type { OutboundPublish } from '../engine.ts'

const noBytes = new Uint8Array(0)
/** 0x26, two lengths and `sim`. */
const MARK_OVERHEAD = 8

/** Writes a PUBLISH into the outbox and returns where in its slab it begins. Hot path: no packet is made first. */
export function writePublish(
  outbox: Outbox,
  message: OutboundPublish,
  packetId: number,
  protocolVersion: 4 | 5,
): number {
  const { topic, payload, qos, mark } = message
  const topicBytes = Buffer.byteLength(topic)
  const others = protocolVersion === 5 ? otherProperties(message) : noBytes
  const markBytes = protocolVersion === 5 && mark !== undefined ? MARK_OVERHEAD + mark.length : 0
  const propertyBytes = markBytes + others.length
  const propertiesSize = protocolVersion === 5 ? variableByteIntegerSize(propertyBytes) + propertyBytes : 0
  const remaining = 2 + topicBytes + (qos === 0 ? 0 : 2) + propertiesSize + payload.length
  const start = outbox.reserve(1 + variableByteIntegerSize(remaining) + remaining)
  const slab = outbox.slab as Buffer
  slab[start] = 0x30 | (qos << 1) | (message.retain ? 1 : 0)
  let at = writeVariableByteInteger(slab, start + 1, remaining)
  at = writeText(slab, at, topic, topicBytes)
  if (qos > 0) {
    slab[at++] = packetId >> 8
    slab[at++] = packetId & 0xff
  }
  if (protocolVersion === 5) {
    at = writeVariableByteInteger(slab, at, propertyBytes)
    if (mark !== undefined) {
      slab[at++] = 0x26
      at = writeText(slab, at, 'sim', 3)
      at = writeText(slab, at, mark, mark.length)
    }
    slab.set(others, at)
    at += others.length
  }
  slab.set(payload, at)
  outbox.advance(at + payload.length)
  return start
}

function writeText(slab: Buffer, start: number, text: string, byteCount: number): number {
  slab[start] = byteCount >> 8
  slab[start + 1] = byteCount & 0xff
  slab.write(text, start + 2, 'utf8')
  return start + 2 + byteCount
}

/** All but the mark. Most messages have none. */
function otherProperties(message: OutboundPublish): Uint8Array {
  const { expiry, userProperties, responseTopic, correlationData } = message
  const isPlain = expiry === undefined && userProperties === undefined
  if (isPlain && responseTopic === undefined && correlationData === undefined) return noBytes
  const properties: Properties = {}
  if (expiry !== undefined) properties.messageExpiryInterval = Math.ceil(expiry)
  if (responseTopic !== undefined) properties.responseTopic = responseTopic
  if (correlationData !== undefined) properties.correlationData = correlationData
  if (userProperties !== undefined) properties.userProperties = Object.entries(userProperties)
  return encodePropertyBody(properties)
}
