// What a session is owed: messages admitted to the wire and acknowledged, a hundred in flight at a time. Per message.
const IN_FLIGHT = 100

export default async function cases(load) {
  const { Outbound } = await load('session/outbound.js')

  const flowing = (name, qos, finish) => ({
    name: `outbound ${name}`,
    prepare() {
      const outbound = new Outbound(limits, { queuedMessages: 0, queuedBytes: 0 }, () => {})
      outbound.connected(65_535)
      const packetIds = new Uint16Array(IN_FLIGHT)
      return () => {
        for (let index = 0; index < IN_FLIGHT; index++) packetIds[index] = outbound.admit(qos)
        finish(outbound, packetIds)
        return IN_FLIGHT
      }
    },
  })

  return [
    flowing('admit and acknowledge, QoS 1', 1, (outbound, packetIds) => {
      for (const packetId of packetIds) outbound.acknowledge(packetId)
    }),
    flowing('admit and acknowledge last first, QoS 1', 1, (outbound, packetIds) => {
      for (let index = IN_FLIGHT - 1; index >= 0; index--) outbound.acknowledge(packetIds[index])
    }),
    flowing('admit, received and completed, QoS 2', 2, (outbound, packetIds) => {
      for (const packetId of packetIds) outbound.received(packetId)
      for (const packetId of packetIds) outbound.completed(packetId)
    }),
  ]
}

const limits = {
  maximumQueuedMessages: 100_000,
  maximumQueuedBytes: 1e9,
  maximumQueuedAgeSeconds: 0,
  maximumQueuedMessagesTotal: 0,
  maximumQueuedBytesTotal: 0,
  queueFullPolicy: 'drop-oldest',
}
