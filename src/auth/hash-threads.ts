import { Worker } from 'node:worker_threads'
import { hashCall, type HashJob } from './derive-hash.ts'

/**
 * What a thread runs: hashes, one at a time, at a lower priority than the loop, so that a storm of logins takes only
 * what the traffic leaves. Linux alone gives threads a priority of their own; elsewhere they run like any other.
 * It is a text because a thread is started from JavaScript, and the tests run the sources as they are.
 */
const program = `
const { parentPort } = require('node:worker_threads')
const crypto = require('node:crypto')
try {
  const threadId = require('node:fs').readlinkSync('/proc/thread-self').split('/').pop()
  require('node:os').setPriority(Number(threadId), 10)
} catch {}
const compute = {
  'sha-512': (password, salt) => crypto.createHash('sha512').update(password).update(salt).digest(),
  package: (path, password, options) => require(path).hashRawSync(password, options),
}
parentPort.on('message', ([name, ...values]) => {
  try {
    parentPort.postMessage({ hash: (compute[name] ?? crypto[name + 'Sync'])(...values) })
  } catch (error) {
    parentPort.postMessage({ fault: error.message })
  }
})
`

type Answer = { readonly hash: Uint8Array } | { readonly fault: string }

/** Threads of the broker's own for hashing: Node's pool is left to files. Started when first needed. */
export class HashThreads {
  readonly #idle: Worker[] = []
  readonly #all = new Set<Worker>()

  /** Computes one hash; as many at once as are asked for. Rejects when memory is short. */
  async derive(job: HashJob): Promise<Uint8Array> {
    const worker = this.#idle.pop() ?? this.#start()
    try {
      const answer = await ask(worker, job)
      this.#idle.push(worker)
      if ('fault' in answer) throw new Error(answer.fault)
      return answer.hash
    } finally {
      worker.unref() // only a hash under way keeps the process alive
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()))
  }

  #start(): Worker {
    const worker = new Worker(program, { eval: true, name: 'topiary-hash' })
    this.#all.add(worker)
    worker.once('exit', () => {
      this.#all.delete(worker)
      const index = this.#idle.indexOf(worker)
      if (index >= 0) this.#idle.splice(index, 1)
    })
    return worker
  }
}

function ask(worker: Worker, job: HashJob): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      worker.removeAllListeners('message').off('error', onError).off('exit', onExit)
      then()
    }
    const onError = (error: Error): void => settle(() => reject(error))
    const onExit = (): void => settle(() => reject(new Error('the hashing thread ended')))
    worker.once('message', (answer: Answer) => settle(() => resolve(answer)))
    worker.on('error', onError)
    worker.on('exit', onExit)
    worker.ref()
    worker.postMessage(hashCall(job), [])
  })
}
