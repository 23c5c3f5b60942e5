// Gathering output: room asked for and used, packet by packet, and written at the end of a turn.
const sizes = [4, 80]
const PACKETS_PER_TURN = [1, 100, 1000]

export default async function cases(load) {
  const { Outbox, OutboxPool } = await load('broker/outbox.js')

  const gathering = (size, packets) => ({
    name: `outbox ${size} bytes, ${packets} a turn`,
    prepare() {
      const pool = new OutboxPool({ bytesSent: 0 })
      pool.flushAtTurnEnd = () => {} // the turn ends when we say so
      let taken
      const stream = { write: (_bytes, onWritten) => void (taken = onWritten) }
      const outbox = new Outbox(pool, stream, () => {})
      return () => {
        for (let count = 0; count < packets; count++) {
          const at = outbox.reserve(size)
          outbox.slab[at] = count
          outbox.advance(at + size)
        }
        outbox.endTurn()
        for (let onWritten = taken; onWritten !== undefined; onWritten = taken) {
          taken = undefined
          onWritten()
        }
        return packets
      }
    },
  })

  return sizes.flatMap((size) => PACKETS_PER_TURN.map((packets) => gathering(size, packets)))
}
