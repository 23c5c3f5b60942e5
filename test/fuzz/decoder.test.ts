import { expect, it } from 'vitest'
import { ApplicationMessage } from '../../src/protocol/application-message.ts'
import { ByteReader } from '../../src/protocol/byte-reader.ts'
import { PacketReader } from '../../src/protocol/packet-reader.ts'
import type { ProtocolVersion } from '../../src/protocol/packet-types.ts'
import { decodeAuth } from '../../src/protocol/packets/auth.ts'
import { decodeConnect, decodeConnectHeader } from '../../src/protocol/packets/connect.ts'
import { decodeDisconnect } from '../../src/protocol/packets/disconnect.ts'
import { decodePublishResponse } from '../../src/protocol/packets/publish-response.ts'
import { decodePublish } from '../../src/protocol/packets/publish.ts'
import { decodeSubscribe } from '../../src/protocol/packets/subscribe.ts'
import { decodeUnsubscribe } from '../../src/protocol/packets/unsubscribe.ts'
import { ProtocolError } from '../../src/protocol/protocol-error.ts'
import { mutate, Random, validConnect, validPackets } from './mutate.ts'

const BOX_MS = Number(process.env['FUZZ_MS'] ?? 2000)

function decode(bytes: Uint8Array, start: number, body: number, end: number, version: ProtocolVersion): void {
  const reader = new ByteReader(bytes, body, end)
  switch ((bytes[start] as number) >> 4) {
    case 1: {
      const header = decodeConnectHeader(reader)
      if (header !== undefined) decodeConnect(reader, header)
      return
    }
    case 3:
      return decodePublish(new ApplicationMessage(), bytes, start, body, end, version)
    case 4:
      return void decodePublishResponse('puback', reader, version)
    case 5:
      return void decodePublishResponse('pubrec', reader, version)
    case 6:
      return void decodePublishResponse('pubrel', reader, version)
    case 7:
      return void decodePublishResponse('pubcomp', reader, version)
    case 8:
      return void decodeSubscribe(reader, version)
    case 10:
      return void decodeUnsubscribe(reader, version)
    case 14:
      return void decodeDisconnect(reader, version)
    case 15:
      return void decodeAuth(reader)
  }
}

it(`[MQTT5-U-5-a] the decoder answers ${BOX_MS} ms of spoilt packets with protocol errors and nothing else`, () => {
  const seed = Date.now() % 1_000_000
  const random = new Random(seed)
  const endMs = performance.now() + BOX_MS
  let packets = 0
  let refused = 0
  while (performance.now() < endMs) {
    const version = random.of([3, 4, 5] as const)
    const valid = [validConnect(version, random), ...validPackets(version, random)]
    const stream = Buffer.concat(valid.map((packet) => (random.next() < 0.7 ? mutate(packet, random) : packet)))
    const reader = new PacketReader(1_000_000, (bytes, start, body, end) => {
      packets++
      decode(bytes, start, body, end, version)
      return true
    })
    try {
      for (let at = 0; at < stream.length;) {
        const size = 1 + random.below(64)
        reader.push(stream.subarray(at, at + size))
        at += size
      }
    } catch (error) {
      if (!(error instanceof ProtocolError))
        throw new Error(`seed ${seed}: ${stream.toString('hex')}`, { cause: error })
      refused++
    }
  }
  expect(packets).toBeGreaterThan(1000)
  expect(refused).toBeGreaterThan(100)
})
