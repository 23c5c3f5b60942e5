import { connect } from 'node:net'
import { connectPacket, packet, packetReader, text } from './packets.mjs'

/** A subscriber that takes `rate` messages a second: after each chunk it does not read for as long as that is worth. */
export function slowReader({ port, index, topic, qos, rate }) {
  return new Promise((resolve, reject) => {
    let taken = 0
    let isOpen = false
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () =>
      socket.write(connectPacket(`slow-${index}`)),
    )
    const read = packetReader((bytes, start, bodyStart) => {
      const type = bytes[start] >> 4
      if (type === 2) socket.write(packet(0x82, Buffer.concat([Buffer.from([0, 1]), text(topic), Buffer.from([qos])])))
      else if (type === 9) {
        isOpen = true
        resolve({ taken: () => taken })
      } else if (type === 3) {
        taken++
        if (qos === 0) return
        const idAt = bodyStart + 2 + bytes.readUInt16BE(bodyStart)
        socket.write(Buffer.from([0x40, 2, bytes[idAt], bytes[idAt + 1]]))
      }
    })
    socket.on('data', (chunk) => {
      const before = taken
      read(chunk)
      if (taken === before) return
      socket.pause()
      setTimeout(() => socket.resume(), ((taken - before) * 1000) / rate)
    })
    socket.on('error', reject)
    socket.on('close', () => isOpen || reject(new Error('the broker closed a reader')))
  })
}
