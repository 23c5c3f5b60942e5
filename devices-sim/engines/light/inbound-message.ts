import { ApplicationMessage } from '../../../src/protocol/application-message.ts'
import { decodePropertyBody, type Properties } from '../../../src/protocol/properties.ts'
import { ByteReader } from '../../../src/protocol/byte-reader.ts'
import { decodeText } from '../../../src/protocol/text.ts'
import type { InboundPublish } from '../engine.ts'
import { findMark } from './find-mark.ts'

/** The PUBLISH being told of: one serves a whole engine, and texts are made only when somebody asks. */
export class InboundMessage implements InboundPublish {
  readonly packet = new ApplicationMessage()

  get topic(): string {
    return decodeText(this.packet.bytes, this.packet.topicStart, this.packet.topicEnd)
  }

  get payload(): Uint8Array {
    return this.packet.bytes.subarray(this.packet.payloadStart, this.packet.payloadEnd)
  }

  get qos(): 0 | 1 | 2 {
    return this.packet.qos
  }

  get retain(): boolean {
    return this.packet.retain
  }

  get dup(): boolean {
    return this.packet.dup
  }

  get mark(): string | undefined {
    const { bytes, propertiesStart, propertiesEnd } = this.packet
    return propertiesStart === propertiesEnd ? undefined : findMark(bytes, propertiesStart, propertiesEnd)
  }

  get responseTopic(): string | undefined {
    return this.#properties().responseTopic
  }

  get correlationData(): Uint8Array | undefined {
    return this.#properties().correlationData
  }

  #properties(): Properties {
    const { bytes, propertiesStart, propertiesEnd } = this.packet
    return decodePropertyBody(new ByteReader(bytes, propertiesStart, propertiesEnd), 'publish')
  }
}
