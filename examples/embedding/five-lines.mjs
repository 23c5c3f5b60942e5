import { createBroker } from 'topiary-mqtt'

const broker = createBroker({ listeners: [{ kind: 'tcp', port: Number(process.env.PORT ?? 1883) }] })
await broker.subscribe('#', ({ topic, payload }) =>
  process.stdout.write(`${topic} ${new TextDecoder().decode(payload)}\n`),
)
for (const { url } of await broker.listen()) process.stdout.write(`${url}\n`)
