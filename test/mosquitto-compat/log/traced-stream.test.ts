import { describe, expect, it } from 'vitest'
import { TracedStream } from '../../../mosquitto-compat/log/traced-stream.ts'
import type { ByteStream, ByteStreamEvents, PeerInfo } from '../../../src/contracts/byte-stream.ts'
import { connectPacket, publishPacket } from '../../support/wire-packets.ts'

const peer: PeerInfo = {
  transport: 'stream',
  listener: '',
  address: '',
  port: 0,
  isEncrypted: false,
  allowsAnonymous: true,
  certificateUser: undefined,
}

/** A stream that a test says something on, as a client would. */
class Client implements ByteStream {
  readonly peer = peer
  #events: ByteStreamEvents | undefined

  open(events: ByteStreamEvents): void {
    this.#events = events
  }
  say(bytes: Uint8Array): void {
    this.#events?.onData(bytes)
  }
  write(): void {}
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

describe('a client whose packets are told from some time on', () => {
  it('has left nothing behind from before, also where a packet came in pieces', () => {
    const lines: string[] = []
    const log = { tellsPackets: false, packet: (more: readonly string[]) => void lines.push(...more) }
    const client = new Client()
    new TracedStream(client, log).open({ onData() {}, onClose() {} })
    const publish = publishPacket(5, 'topic', 'x'.repeat(50_000))
    client.say(Buffer.concat([connectPacket(5, { clientId: 'one' }), publish.subarray(0, 10)]))
    client.say(publish.subarray(10))
    log.tellsPackets = true
    client.say(Uint8Array.of(0xc0, 0))
    expect(lines).toEqual(['Received PINGREQ from one'])
  })
})
