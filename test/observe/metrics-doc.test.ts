import { readFileSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import type { Broker } from '../../src/server/broker.ts'
import { createBroker } from '../../src/server/create-broker.ts'

let broker: Broker | undefined
afterEach(() => broker?.close({ graceMs: 0 }))

it('docs/operations.md tells of every metric, in its order and words', async () => {
  broker = createBroker({ listeners: [], http: { port: 0 } })
  await broker.listen()
  const text = await (await fetch(`${broker.httpUrl}/metrics`)).text()
  const metrics = [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map((match) => [match[1], match[2]])
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const told = [...page.matchAll(/^\| `(topiary_\w+|process_\w+|nodejs_\w+)` \| (.*?) +\|$/gm)].map((match) => [
    match[1],
    match[2],
  ])
  expect(told).toEqual(metrics)
})
