import { copyOf } from './copy-bytes.ts'
import { ProtocolError } from './protocol-error.ts'
import { ReasonCode } from './reason-codes.ts'
import { checkText, decodeText } from './text.ts'

/** Reads the data types of section 1.5 in order; running past `end` is a malformed packet. */
export class ByteReader {
  readonly bytes: Uint8Array
  at: number
  end: number

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  get remaining(): number {
    return this.end - this.at
  }

  byte(): number {
    this.#need(1)
    return this.bytes[this.at++] as number
  }

  twoByteInteger(): number {
    this.#need(2)
    const { bytes, at } = this
    this.at = at + 2
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  }

  fourByteInteger(): number {
    return this.twoByteInteger() * 65_536 + this.twoByteInteger()
  }

  /** One to four bytes, the fewest that hold the value. [MQTT5-1.5.5-1] */
  variableByteInteger(): number {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte()
      value |= (byte & 0x7f) << shift
      if (byte >= 0x80) continue
      if (byte === 0 && shift > 0) throw malformed('a variable byte integer must use the fewest bytes')
      return value
    }
    throw malformed('a variable byte integer has at most four bytes')
  }

  /** A copy: what a packet object holds outlives the chunk. */
  binary(): Uint8Array {
    const byteCount = this.twoByteInteger()
    this.#need(byteCount)
    this.at += byteCount
    return copyOf(this.bytes, this.at - byteCount, this.at)
  }

  /** A UTF-8 string, checked. [MQTT5-1.5.4-1] */
  text(): string {
    const byteCount = this.twoByteInteger()
    this.#need(byteCount)
    this.at += byteCount
    return decodeText(this.bytes, this.at - byteCount, this.at)
  }

  /** Steps over a UTF-8 string after checking it. */
  skipText(): void {
    const { bytes, at } = this
    this.#need(2)
    const end = at + 2 + (((bytes[at] as number) << 8) | (bytes[at + 1] as number))
    if (end > this.end) throw malformed('the packet ends before its fields do')
    checkText(bytes, at + 2, end)
    this.at = end
  }

  skip(byteCount: number): void {
    this.#need(byteCount)
    this.at += byteCount
  }

  /** A packet ends where its length says. */
  expectEnd(packet: string): void {
    if (this.at !== this.end) throw malformed(`${packet} has ${this.end - this.at} bytes too many`)
  }

  #need(byteCount: number): void {
    if (this.at + byteCount > this.end) throw malformed('the packet ends before its fields do')
  }
}

export function malformed(message: string): ProtocolError {
  return new ProtocolError(ReasonCode.malformedPacket, message)
}

export function protocolError(message: string): ProtocolError {
  return new ProtocolError(ReasonCode.protocolError, message)
}
