// What one publish to many sessions whose clients are away costs, and what a start with many dead sessions costs.
//   node bench/offline-sessions.mjs [--sessions 10000] [--publishes 200] [--dead 1000000]
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createBroker } from '../dist/src/index.js'
import { openDataDirectory } from '../dist/src/storage/directory/data-directory.js'
import { LevelStore } from '../dist/src/storage/level-store.js'

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '10000' },
    publishes: { type: 'string', default: '200' },
    dead: { type: 'string', default: '1000000' },
  },
})
const none = () => {}
const directory = mkdtempSync(join(tmpdir(), 'topiary-offline-'))
try {
  await fanOut(Number(values.sessions), Number(values.publishes))
  await deadSessions(Number(values.dead))
} finally {
  rmSync(directory, { recursive: true, force: true })
}

async function fanOut(sessions, publishes) {
  const data = join(directory, 'fan-out')
  const broker = createBroker({ listeners: [], sysIntervalSeconds: 0, storage: { directory: data } })
  await broker.open()
  for (let index = 0; index < sessions; index++) {
    const client = await broker.connect({ clientId: `away-${index}`, sessionExpiryInterval: 3600 })
    await client.subscribe('t', () => {}, { qos: 1 })
    await client.close()
  }
  const payload = Buffer.alloc(200, 'x')
  for (let count = 0; count < 20; count++) await broker.publish({ topic: 't', payload, qos: 1 })
  const [bytesBefore, cpuBefore, startedMs] = [sizeOf(data), process.cpuUsage(), performance.now()]
  for (let count = 0; count < publishes; count++) await broker.publish({ topic: 't', payload, qos: 1 })
  const { user, system } = process.cpuUsage(cpuBefore)
  const wallMs = performance.now() - startedMs
  const { queuedMessages } = broker.statistics.sessions.totals
  if (queuedMessages !== (publishes + 20) * sessions) throw new Error(`${queuedMessages} messages are queued`)
  await broker.close()
  console.log(
    `a publish of 200 bytes to ${sessions} offline sessions: ${((user + system) / 1000 / publishes).toFixed(2)} ms of CPU ` +
      `(all threads), ${(wallMs / publishes).toFixed(2)} ms until acknowledged, ` +
      `${((sizeOf(data) - bytesBefore) / 1024 / publishes).toFixed(1)} KiB on disk`,
  )
}

/** Sessions that expired while the broker was down. */
async function deadSessions(count) {
  const data = join(directory, 'dead')
  const quiet = { debug() {}, info() {}, warn() {}, error: console.error }
  const found = openDataDirectory({ directory: data, log: quiet, wallMs: Date.now })
  const store = new LevelStore({ log: quiet, wallMs: Date.now, every: () => () => {}, open: found.open })
  const alive = new Map()
  await store.open(stateOf(alive))
  for (let from = 1; from <= count; from += 2000) {
    const batch = []
    for (let session = from; session < Math.min(from + 2000, count + 1); session++) {
      const terms = { session, clientId: `device-${session}`, user: undefined, expirySeconds: 60, sendQuota: 10 }
      alive.set(session, terms)
      batch.push({ kind: 'session-opened', ...terms })
      batch.push({ kind: 'session-closed', session, expiresAtMs: Date.now() - 1000 })
    }
    await new Promise((resolve, reject) => store.append(batch, (error) => (error ? reject(error) : resolve())))
  }
  await store.close()
  alive.clear()
  const broker = createBroker({
    listeners: [{ kind: 'tcp', port: 0 }],
    sysIntervalSeconds: 0,
    storage: { directory: data },
  })
  const startedMs = performance.now()
  await broker.listen()
  const listenMs = performance.now() - startedMs
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  while (broker.statistics.counters.sessionsExpired < count) await wait(20)
  const goneMs = performance.now() - startedMs
  await wait(500)
  console.log(
    `a start with ${count} dead sessions: listening after ${(listenMs / 1000).toFixed(1)} s, all ended after ` +
      `${(goneMs / 1000).toFixed(1)} s; the loop was late by p99 ${(delay.percentile(99) / 1e6 - 5).toFixed(1)} ms, ` +
      `at worst ${(delay.max / 1e6 - 5).toFixed(1)} ms; rss ${Math.round(process.memoryUsage().rss / 1024 / 1024)} MiB`,
  )
  await broker.close()
}

/** As much of a broker as a store asks for when it writes sessions. */
function stateOf(alive) {
  return {
    ...Object.fromEntries(
      [
        'restoreSession',
        'restoreGroup',
        'restoreRetained',
        'restoreWill',
        'replay',
        'visitOutstanding',
        'storeChanged',
      ].map((name) => [name, none]),
    ),
    group: none,
    retained: none,
    will: none,
    session: (session) => {
      const terms = alive.get(session)
      if (terms === undefined) return undefined
      const lists = { subscriptions: [], inboundIds: [], window: [], released: [], segments: [], withdrawn: [] }
      return { ...terms, ...lists, expiresAtMs: Date.now() - 1000, isConnected: false, nextPosition: 0, backlogFrom: 0 }
    },
  }
}

function sizeOf(path) {
  const { size } = statSync(path)
  return statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
    : size
}
