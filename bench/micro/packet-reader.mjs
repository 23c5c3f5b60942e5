// Framing and reading: a chunk of 64 KiB full of PUBLISH packets with 64 bytes of payload, per packet.
import { publishChunk } from './packets.mjs'

const TOPIC = 'site/12/line/3/temperature'

export default async function cases(load) {
  const { PacketReader } = await load('protocol/packet-reader.js')
  const { decodePublish } = await load('protocol/packets/publish.js')
  const { ApplicationMessage } = await load('protocol/application-message.js')

  const reading = (name, qos, version, isDecoded) => ({
    name: `read ${name}`,
    prepare() {
      const chunk = publishChunk(TOPIC, 650, qos, version)
      const message = new ApplicationMessage()
      let payloadBytes = 0
      const reader = new PacketReader(1 << 20, (bytes, start, bodyStart, end) => {
        if (isDecoded) decodePublish(message, bytes, start, bodyStart, end, version)
        payloadBytes += message.payloadEnd - message.payloadStart
        return true
      })
      return () => {
        payloadBytes = 0
        reader.push(chunk)
        if (isDecoded && payloadBytes !== 650 * 64) throw new Error('payloads are not what they were')
        return 650
      }
    },
  })

  return [
    reading('frames only', 0, 4, false),
    reading('PUBLISH QoS 0', 0, 4, true),
    reading('PUBLISH QoS 1', 1, 4, true),
    reading('PUBLISH QoS 0, 5.0', 0, 5, true),
  ]
}
