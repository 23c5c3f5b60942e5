import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RetainedRecords } from '../../src/broker/retained-records.ts'
import { ApplicationMessage } from '../../src/protocol/application-message.ts'
import { ByteReader } from '../../src/protocol/byte-reader.ts'
import { newApplicationMessage } from '../../src/protocol/new-application-message.ts'
import { decodePublish } from '../../src/protocol/packets/publish.ts'
import { decodePropertyBody, type Properties } from '../../src/protocol/properties.ts'
import { encodeText } from '../../src/protocol/text.ts'

interface Sent {
  readonly topicName: string
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  readonly properties: Properties
}

const NOW_MS = 1_000_000

function message(sent: Sent): ApplicationMessage {
  const made = newApplicationMessage({ ...sent, retain: true }, 'publisher', NOW_MS)
  made.topicBytes = encodeText(sent.topicName)
  return made
}

function parts(view: ApplicationMessage) {
  const { bytes, propertiesStart, propertiesEnd, payloadStart, payloadEnd } = view
  return {
    topicName: Buffer.from(view.topicBytes).toString(),
    payload: Buffer.from(bytes.subarray(payloadStart, payloadEnd)),
    qos: view.qos,
    retain: view.retain,
    dup: view.dup,
    properties: decodePropertyBody(new ByteReader(bytes, propertiesStart, propertiesEnd), 'publish'),
  }
}

function read(records: RetainedRecords, address: number) {
  const view = new ApplicationMessage()
  records.read(address, view)
  return parts(view)
}

const sent = fc.record({
  topicName: fc.constantFrom('a', 'a/b/c', 'é/\u{1F333}', 'x'.repeat(3000)),
  payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  qos: fc.constantFrom(0, 1, 2),
  properties: fc.constantFrom<Properties>(
    {},
    { contentType: 'text/plain' },
    {
      userProperties: [
        ['k', 'v'],
        ['k', ''],
      ],
    },
  ),
})

describe('RetainedRecords', () => {
  it('give back what was put in, whatever comes and goes beside it', () => {
    fc.assert(
      fc.property(fc.array(sent, { minLength: 1, maxLength: 30 }), (all) => {
        const records = new RetainedRecords()
        const addresses = all.map((one, index) => records.add(message(one), index % 2 === 0, NOW_MS))
        for (let index = 0; index < all.length; index += 3) records.remove(addresses[index] as number)
        for (const [index, one] of all.entries()) {
          if (index % 3 === 0) continue
          const address = addresses[index] as number
          const payload = Buffer.from(one.payload)
          expect(read(records, address)).toEqual({ ...one, payload, retain: true, dup: false })
          expect(records.isKept(address)).toBe(index % 2 === 0)
          expect(records.byteSize(address)).toBe(message(one).byteSize)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('hold a payload of a megabyte', () => {
    const records = new RetainedRecords()
    const payload = Buffer.alloc(1_000_000, 7)
    const address = records.add(message({ topicName: 'a', payload, qos: 1, properties: {} }), false, NOW_MS)
    expect(read(records, address).payload.equals(payload)).toBe(true)
    expect(records.byteSize(address)).toBe(1_000_001)
  })

  it('keep a packet as it came, without its DUP flag and a topic alias', () => {
    const records = new RetainedRecords()
    const asItCame = Uint8Array.of(0x3b, 6, 0, 1, 0x61, 0x12, 0x34, 0x78) // DUP, QoS 1, RETAIN
    const inbound = new ApplicationMessage()
    decodePublish(inbound, asItCame, 0, 2, asItCame.length, 4)
    inbound.topicBytes = encodeText('a')
    const plain = { topicName: 'a', payload: Buffer.from('x'), qos: 1, retain: true, dup: false, properties: {} }
    expect(read(records, records.add(inbound, false, NOW_MS))).toEqual(plain)

    const withAlias = Uint8Array.of(0x31, 7, 0, 0, 3, 0x23, 0, 5, 0x78) // no topic name, alias 5
    decodePublish(inbound, withAlias, 0, 2, withAlias.length, 5)
    const address = records.add(inbound, false, NOW_MS)
    expect(read(records, address)).toEqual({ ...plain, qos: 0 })
    expect(records.byteSize(address)).toBe(2)
  })

  it('do not offer a packet for copying whose remaining time changes', () => {
    const records = new RetainedRecords()
    const expiring = message({
      topicName: 'a',
      payload: Buffer.from('x'),
      qos: 0,
      properties: { messageExpiryInterval: 60 },
    })
    const view = new ApplicationMessage()
    records.read(records.add(expiring, false, NOW_MS), view)
    expect(view.packetStart).toBe(-1)
    expect(parts(view).properties).toEqual({ messageExpiryInterval: 60 })
  })
})
