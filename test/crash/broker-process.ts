import type { Log } from '../../src/contracts/log.ts'
import type { Store } from '../../src/contracts/store.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import { openDataDirectory } from '../../src/storage/directory/data-directory.ts'
import { LevelStore } from '../../src/storage/level-store.ts'
import { DyingKeyValue } from './dying-key-value.ts'
import { FaultyStore } from './faulty-store.ts'
import type { DeathOrder, StartOrders, Tidings } from './orders.ts'

/** A broker with a data directory that dies when and where its parent wants. */

const orders = JSON.parse(process.env['TOPIARY_TEST_CRASH'] ?? '') as StartOrders
const log: Log = {
  debug() {},
  info() {},
  warn: (fields, message) => process.stderr.write(`warn ${message} ${JSON.stringify(fields)}\n`),
  error: (fields, message) => tell({ kind: 'fault', message: `${message} ${JSON.stringify(fields)}` }),
}
const wallMs = (): number => Date.now()
let keyValue: DyingKeyValue | undefined

process.on('message', (order: DeathOrder) => keyValue?.order(order))
process.on('disconnect', () => process.exit(1)) // nobody is there to ask anything of it

const noLimit = Number.MAX_SAFE_INTEGER
const settings = {
  listeners: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
  limits: { maximumQueuedMessages: noLimit, maximumQueuedBytes: noLimit },
  sysIntervalSeconds: 0,
} as const
const broker = createBroker(settings, { log, store: newStore() })
const [address] = await broker.listen()
tell({ kind: 'ready', port: address?.port ?? 0 })

function newStore(): Store {
  const directory = openDataDirectory({ directory: orders.directory, log, wallMs })
  const store = new LevelStore({
    log,
    wallMs,
    every: (intervalMs, task) => {
      const timer = setInterval(task, intervalMs).unref()
      return () => clearInterval(timer)
    },
    open: async () => (keyValue = new DyingKeyValue(await directory.open(), orders)),
  })
  return orders.fault === undefined ? store : new FaultyStore(store, orders.fault)
}

function tell(tidings: Tidings): void {
  process.send?.(tidings)
}
