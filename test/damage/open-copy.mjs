// Opens data directories as a broker would, in a process of its own: node open-copy.mjs DIST_SRC
// Each line on stdin is a directory; each line on stdout says what came of it, as JSON.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'

const source = process.argv[2]
const { openDataDirectory } = await import(`${source}/storage/directory/data-directory.js`)
const { LevelStore } = await import(`${source}/storage/level-store.js`)
const { FoldedState } = await import(`${source}/storage/tools/export-state.js`)
const { sessionLine } = await import(`${source}/storage/tools/export-lines.js`)

const log = { debug() {}, info() {}, warn() {}, error() {} }

for await (const directory of createInterface({ input: process.stdin })) {
  const outcome = await open(directory).catch((error) => ({ failure: String(error.stack) }))
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}

async function open(directory) {
  const found = openDataDirectory({ directory, log, wallMs: Date.now, brokerVersion: '1.2.3' })
  const state = new FoldedState()
  const store = new LevelStore({ log, wallMs: Date.now, every: () => () => {}, open: found.open })
  const { damage, nextSession } = await store.open(state)
  const { digest, missing } = await contentOf(state, store)
  // and it takes new state
  const terms = { clientId: 'after', user: undefined, expirySeconds: 60, sendQuota: 10 }
  const record = { kind: 'session-opened', session: nextSession, ...terms }
  state.replay(record)
  await new Promise((resolve, reject) => store.append([record], (error) => (error ? reject(error) : resolve())))
  const { isDegraded } = store.statistics
  await store.close()
  const again = await reopened(directory)
  return { findings: [...found.findings, ...damage], missing, digest, isDegraded, again }
}

/** Whether what was taken is there at the next start. */
async function reopened(directory) {
  const { open: openAgain } = openDataDirectory({ directory, log, wallMs: Date.now })
  const state = new FoldedState()
  const store = new LevelStore({ log, wallMs: Date.now, every: () => () => {}, open: openAgain })
  await store.open(state)
  await store.close()
  return [...state.sessions.values()].some(({ clientId }) => clientId === 'after')
}

async function contentOf(state, store) {
  const hash = createHash('sha256')
  let missing = 0
  for (const session of state.sessions.values()) {
    hash.update(JSON.stringify(sessionLine(session)))
    for (const entry of session.queue.values()) hash.update(`${entry.position} ${entry.sequence}\n`)
  }
  for (const topic of [...state.retainedMessages.keys()].toSorted()) {
    hash.update(topic).update(state.retainedMessages.get(topic).message.bytes)
  }
  const owed = new Set()
  state.visitOutstanding((sequence) => owed.add(sequence))
  const sequences = [...owed].toSorted((one, other) => one - other)
  for (let from = 0; from < sequences.length; from += 500) {
    const messages = await new Promise((resolve, reject) =>
      store.read(sequences.slice(from, from + 500), (error, read) => (error ? reject(error) : resolve(read))),
    )
    for (const stored of messages) {
      if (stored === undefined) missing++
      else hash.update(stored.message.bytes)
    }
  }
  return { digest: hash.digest('hex'), missing }
}
