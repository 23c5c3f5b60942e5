import { createBroker } from 'topiary-mqtt'

const broker = createBroker({ listeners: [{ kind: 'tcp', port: Number(process.env.PORT ?? 1883) }] })

broker.use({
  name: 'people',
  // undefined would leave it to the broker's own logins
  authenticate: ({ userName }) =>
    userName === undefined
      ? { result: 'refused', reasonCode: 0x87, reasonString: 'say who you are' }
      : { result: 'accepted', user: userName },
  // everybody publishes under a name of their own
  authorizePublish: ({ client, topicName }) => topicName.startsWith(`people/${client.user}/`),
})

broker.use({
  name: 'stamp',
  async onPublish({ client, properties }) {
    const userProperties = [...(properties.userProperties ?? []), ['from', client.user]]
    return { properties: { ...properties, userProperties } }
  },
})

broker.on('denied', ({ clientId, action, topic }) => process.stdout.write(`denied ${clientId} ${action} ${topic}\n`))

for (const { url } of await broker.listen()) process.stdout.write(`${url}\n`)
