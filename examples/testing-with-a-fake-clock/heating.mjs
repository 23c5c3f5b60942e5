import { once } from 'node:events'
import mqtt from 'mqtt'

/** The program under test: opens and closes the valve of each room by its temperature. Returns its MQTT.js client. */
export async function startHeating(url, options = {}) {
  const client = mqtt.connect(url, {
    protocolVersion: 5,
    clientId: 'heating',
    clean: false,
    properties: { sessionExpiryInterval: 3600 },
    ...options,
  })
  // before it is connected: what waited for it comes right behind CONNACK
  client.on('message', (topic, payload) => {
    const [, room, what] = topic.split('/')
    const valve = what === 'sensor' ? 'closed' : valveAt(Number(payload))
    if (valve !== undefined) client.publish(`rooms/${room}/valve`, valve, { qos: 1 })
  })
  await once(client, 'connect')
  await client.subscribeAsync(['rooms/+/temperature', 'rooms/+/sensor'], { qos: 1 })
  return client
}

function valveAt(celsius) {
  if (celsius < 19) return 'open'
  return celsius > 21 ? 'closed' : undefined
}
