import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { cp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A disk that loses what was not synced when its broker is killed. */
export class PowerLoss {
  readonly #directory: string
  readonly #synced: string
  readonly #library: string

  /** `synced` is a directory of this, `library` is what `compile` made. */
  constructor(directory: string, synced: string, library: string) {
    this.#directory = directory
    this.#synced = synced
    this.#library = library
    mkdirSync(synced)
  }

  /** Makes the library that watches over syncs; `source` is last-synced.c. */
  static async compile(source: string, folder: string): Promise<string> {
    const library = join(folder, 'last-synced.so')
    const warnings = ['-O2', '-Wall', '-Wextra', '-Werror']
    await run('cc', [...warnings, '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread'])
    return library
  }

  /** Of the broker process. */
  get environment(): NodeJS.ProcessEnv {
    return { LD_PRELOAD: this.#library, TOPIARY_TEST_LIVE: this.#directory, TOPIARY_TEST_SYNCED: this.#synced }
  }

  /** Puts the directory back to what was synced. */
  readonly lose = async (): Promise<void> => {
    const lost = `${this.#directory}.lost`
    await rename(this.#directory, lost)
    await cp(this.#synced, this.#directory, { recursive: true })
    await rm(lost, { recursive: true })
  }
}
