// Writing the head of a PUBLISH that cannot be copied as it came, with the size that is asked for first.
import { publishPacket } from './packets.mjs'

export default async function cases(load) {
  const { decodePublish, encodePublishHead, publishPacketSize } = await load('protocol/packets/publish.js')
  const { ApplicationMessage } = await load('protocol/application-message.js')

  const encoding = (name, fields) => ({
    name: `encode PUBLISH head, ${name}`,
    prepare() {
      const topicName = 'site/12/line/3/temperature'
      const packet = publishPacket(topicName, 64, 1)
      const message = new ApplicationMessage()
      decodePublish(message, packet, 0, 2, packet.length, 4)
      message.topicBytes = Buffer.from(topicName)
      const target = Buffer.allocUnsafeSlow(256)
      const variant = { ...plain, ...fields }
      let size = 0
      return () => {
        for (let count = 0; count < 1000; count++) {
          variant.packetId = 1 + count
          size += publishPacketSize(message, variant) + encodePublishHead(target, 0, message, variant, 0)
        }
        if (size < 0) throw new Error('sizes are not negative') // keeps the work from being thought useless
        return 1000
      }
    },
  })

  return [
    encoding('3.1.1 QoS 0', { qos: 0 }),
    encoding('3.1.1 QoS 1', {}),
    encoding('5.0 QoS 1', { protocolVersion: 5 }),
    encoding('5.0 QoS 1, identifier and alias', {
      protocolVersion: 5,
      subscriptionIdentifiers: [7],
      topicAlias: 3,
      omitTopicName: true,
    }),
  ]
}

const plain = {
  protocolVersion: 4,
  qos: 1,
  retain: false,
  dup: false,
  packetId: 1,
  subscriptionIdentifiers: [],
  topicAlias: 0,
  omitTopicName: false,
}
