import { spawn } from 'node:child_process'

const maximumTextLength = 4000
/** How long an orderly end may take. */
const stopMs = 3000

/** A Node program that runs beside this one. */
export class ChildProgram {
  #child
  #output = ''
  #errors = ''
  /** Resolves with how it ended; `errorText` is what it last wrote to stderr. */
  ended

  constructor(program, args, env = process.env) {
    // In a process group of its own: Ctrl-C is for the parent, which ends its children in order.
    const stdio = ['ignore', 'pipe', 'pipe']
    this.#child = spawn(process.execPath, [program, ...args], { stdio, env, detached: true })
    this.#child.stdout.on('data', (chunk) => {
      this.#output = (this.#output + chunk).slice(-maximumTextLength)
    })
    this.#child.stderr.on('data', (chunk) => {
      this.#errors = (this.#errors + chunk).slice(-maximumTextLength)
    })
    this.ended = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve({ code: null, errorText: error.message }))
      this.#child.on('close', (code) => resolve({ code, errorText: this.#errors.trim() }))
    })
  }

  /** The first match in what it prints, past or to come; undefined when it ends without one. */
  async printed(pattern) {
    return await new Promise((resolve) => {
      const check = () => {
        const match = pattern.exec(this.#output.slice(0, this.#output.lastIndexOf('\n') + 1))
        if (match === null) return
        this.#child.stdout.off('data', check)
        resolve(match[0])
      }
      this.#child.stdout.on('data', check)
      void this.ended.then(() => resolve(undefined))
      check()
    })
  }

  /** Asks it to end, and sees to it that it does. */
  async stop(signal) {
    this.kill(signal)
    const patience = setTimeout(() => this.kill('SIGKILL'), stopMs)
    await this.ended
    clearTimeout(patience)
  }

  kill(signal) {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal)
  }
}
