// A PUBLISH from the chunk it comes in to the write at its subscriber, and back through its whole flow, in a broker with
// default settings and no sockets. Per message; those of the clients, which answer, are in it too.
import { FakeClient } from './fake-client.mjs'
import { publishChunk } from './packets.mjs'

const MESSAGES = 100
const TOPIC = 'site/12/line/3/temperature'

export default async function cases(load) {
  const { createBroker } = await load('index.js')

  const publishing = (qos, subscribers) => ({
    name: `whole PUBLISH QoS ${qos} to ${subscribers}`,
    prepare() {
      const broker = createBroker({ listeners: [], sysIntervalSeconds: 0 })
      const publisher = new FakeClient('publisher')
      const readers = Array.from(
        { length: subscribers },
        (_, index) => new FakeClient(`subscriber-${index}`, TOPIC, qos),
      )
      const clients = [publisher, ...readers]
      for (const client of clients) broker.handle(client, { allowAnonymous: true })
      const chunk = publishChunk(TOPIC, MESSAGES, qos)
      let isConnected = false
      return async () => {
        if (!isConnected) await connect(clients)
        isConnected = true
        for (let count = 0; count < 10; count++) await round(publisher, clients, chunk)
        const { received } = readers[0]
        readers[0].received = 0
        if (received !== 10 * MESSAGES) throw new Error(`${received} of ${10 * MESSAGES} messages came`)
        return received
      }
    },
  })

  return [0, 1, 2].flatMap((qos) => [publishing(qos, 1), publishing(qos, 20)])
}

async function connect(clients) {
  for (const client of clients) client.connect()
  await turn(clients)
  for (const client of clients) client.subscribe()
  await turn(clients)
}

/** A chunk of messages, and turns until nobody owes an answer. */
async function round(publisher, clients, chunk) {
  publisher.send(chunk)
  await turn(clients)
  while (clients.filter((client) => client.speak()).length > 0) await turn(clients)
}

async function turn(clients) {
  await new Promise(setImmediate)
  for (const client of clients) client.settle()
}
