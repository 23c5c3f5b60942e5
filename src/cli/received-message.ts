import type { IPublishPacket } from 'mqtt'

export type MessageFormat = 'payload' | 'verbose' | 'json'

/** One received message as `sub` prints it, line feed included. */
export function formatMessage(packet: IPublishPacket, format: MessageFormat, time: Date): Uint8Array | string {
  const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
  if (format === 'json') return `${JSON.stringify(messageObject(packet, payload, time))}\n`
  const prefix = format === 'verbose' ? `${packet.topic} ` : ''
  return Buffer.concat([Buffer.from(prefix), payload, Buffer.from('\n')])
}

function messageObject(packet: IPublishPacket, payload: Buffer, time: Date): object {
  return {
    time: time.toISOString(),
    topic: packet.topic,
    qos: packet.qos,
    retain: packet.retain,
    dup: packet.dup,
    ...payloadFields(payload),
    ...(packet.properties === undefined ? {} : { properties: plainProperties(packet.properties) }),
  }
}

function payloadFields(payload: Buffer): { payload: string; payloadEncoding?: 'base64' } {
  const text = asText(payload)
  return text === undefined ? { payload: payload.toString('base64'), payloadEncoding: 'base64' } : { payload: text }
}

function plainProperties(properties: NonNullable<IPublishPacket['properties']>): object {
  const { correlationData, ...plain } = properties
  if (correlationData === undefined) return plain
  const text = asText(correlationData)
  if (text !== undefined) return { ...plain, correlationData: text }
  return { ...plain, correlationData: correlationData.toString('base64'), correlationDataEncoding: 'base64' }
}

function asText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
