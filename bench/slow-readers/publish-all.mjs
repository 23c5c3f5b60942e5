import { once } from 'node:events'
import { connect } from 'node:net'
import { connectPacket, packet, packetReader, text } from './packets.mjs'

const AT_ONCE = 500

/**
 * Publishes as fast as the broker reads (QoS 0) or acknowledges (QoS 1), until it has handled the last or time is up.
 * Returns how many it has handled, at QoS 0 how many it was sent.
 */
export async function publishAll({ port, topic, qos, messages, size, seconds }) {
  const endMs = performance.now() + seconds * 1000
  const isOver = () => performance.now() > endMs
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  let [acknowledged, wake] = [0, () => {}]
  let [isWelcome, isPonged] = [false, false]
  const read = packetReader((bytes, start) => {
    const type = bytes[start] >> 4
    if (type === 2) isWelcome = true
    else if (type === 4) acknowledged++
    else if (type === 13) isPonged = true
  })
  socket.on('data', (chunk) => {
    read(chunk)
    wake()
  })
  const until = async (isSo) => {
    while (!isSo() && !isOver()) {
      if (socket.destroyed) throw new Error('the broker closed the publisher')
      await new Promise((resolve) => (wake = resolve))
    }
  }
  const clock = setInterval(() => wake(), 250)
  socket
    .on('close', () => wake())
    .on('error', () => wake())
    .on('drain', () => wake())
  socket.write(connectPacket('publisher'))
  await until(() => isWelcome)

  const one = packet(
    0x30 | (qos << 1),
    Buffer.concat([text(topic), Buffer.alloc(qos > 0 ? 2 : 0), Buffer.alloc(size, 'x')]),
  )
  const idAt = one.length - size - 2
  let sent = 0
  while (sent < messages && !isOver()) {
    const count = Math.min(AT_ONCE, messages - sent)
    const batch = Buffer.alloc(one.length * count)
    for (let index = 0; index < count; index++) {
      one.copy(batch, index * one.length)
      if (qos > 0) batch.writeUInt16BE(((sent + index) % 65_535) + 1, index * one.length + idAt)
    }
    sent += count
    const isTaken = socket.write(batch)
    if (qos > 0) await until(() => acknowledged >= sent)
    else if (!isTaken) await until(() => !socket.writableNeedDrain)
  }
  socket.write(Buffer.from([0xc0, 0]))
  await until(() => isPonged)
  clearInterval(clock)
  socket.destroy()
  return qos > 0 ? acknowledged : sent
}
