import { createServer } from 'node:http'
import { createBroker } from 'topiary-mqtt'

const broker = createBroker({ listeners: [] })
await broker.listen()

const server = createServer(async (request, response) => {
  // PUT /topics/kitchen/light publishes the body
  const topic = request.url?.match(/^\/topics\/(.+)$/)?.[1]
  if (request.method !== 'PUT' || topic === undefined) {
    response.writeHead(404).end()
    return
  }
  try {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    await broker.publish({ topic: decodeURIComponent(topic), payload: Buffer.concat(chunks), qos: 1, retain: true })
    response.writeHead(204).end()
  } catch (error) {
    response.writeHead(400).end(`${error.message}\n`)
  }
})

// MQTT over WebSocket on the same port, for pages of this server
broker.attach(server, { path: '/mqtt', allowAnonymous: true })

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`)
})

process.once('SIGTERM', async () => {
  server.close()
  await broker.close()
})
