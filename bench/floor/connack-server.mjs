// The floor of connecting: a server that answers CONNACK to whatever comes first, and keeps nothing of the client.
//   node connack-server.mjs PORT
import net from 'node:net'

const connack = Buffer.from([0x20, 2, 0, 0])

const server = net.createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {})
  socket.once('data', () => socket.write(connack))
})
server.listen(Number(process.argv[2] ?? 18831), '127.0.0.1')
