// A broker process: started, known to listen, stopped with all it wrote.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { peers } from './peers.mjs'

const FIRST_PORT = 19_100
const LAST_PORT = 29_000
/** After its port is open: nats-server answers the first clients only when JetStream is ready too. */
const SETTLE_MS = 500
const running = new Set()
let nextPort = FIRST_PORT

process.on('exit', () => {
  for (const broker of running) broker.endNow()
})

/** `terms` are the start terms of an arm, and the directory of the baseline. */
export async function startPeer(name, terms) {
  const directory = mkdtempSync(join(tmpdir(), 'topiary-bench-'))
  const port = await freePort()
  const otherPort = await freePort()
  const [program, ...args] = peers[name].command({ ...terms, port, otherPort, directory })
  const child = spawn(program, args, { stdio: 'ignore' })
  const gone = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  const broker = {
    pid: child.pid,
    port: terms.ws ? otherPort : port,
    endNow: () => {
      child.kill('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    },
    async stop() {
      child.kill('SIGKILL')
      await gone
      running.delete(broker)
      rmSync(directory, { recursive: true, force: true })
    },
  }
  running.add(broker)
  try {
    await Promise.race([
      listening(broker.port),
      gone.then(() => Promise.reject(new Error(`${name} ended at its start`))),
    ])
  } catch (error) {
    await broker.stop()
    throw error
  }
  await wait(SETTLE_MS)
  return broker
}

async function freePort() {
  for (; nextPort < LAST_PORT; nextPort++) {
    const isFree = await new Promise((resolve) => {
      const server = createServer().once('error', () => resolve(false))
      server.listen(nextPort, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return nextPort++
  }
  throw new Error(`no free port between ${FIRST_PORT} and ${LAST_PORT}`)
}

async function listening(port) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isOpen = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (isOpen) return
    await wait(50)
  }
  throw new Error(`nobody listens on port ${port}`)
}
