import { fork } from 'node:child_process'
import { join } from 'node:path'

const worker = join(import.meta.dirname, 'worker.mjs')

/** One checkout's build with the cases of one file, in a process of its own: it runs a batch when it is told to. */
export class Side {
  #child
  #answered = () => {}
  #failed = () => {}
  cases = []

  static async start(directory, file) {
    const side = new Side()
    side.#child = fork(worker, [join(directory, 'dist/src'), file], { execArgv: ['--expose-gc'] })
    side.#child.on('message', (answer) => side.#answered(answer))
    side.#child.on('exit', () => side.#failed(new Error(`${file} ended on ${directory}; what it printed says why`)))
    side.cases = await side.#answer()
    return side
  }

  /** Sets a case up and warms it. */
  prepare(name) {
    this.#child.send({ prepare: name })
    return this.#answer()
  }

  /** CPU nanoseconds per operation. */
  batch() {
    this.#child.send({ batch: true })
    return this.#answer()
  }

  stop() {
    this.#child.kill()
  }

  #answer() {
    return new Promise((resolve, reject) => {
      this.#answered = resolve
      this.#failed = reject
    })
  }
}
