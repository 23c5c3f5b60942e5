import { mkdir, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '../../../src/contracts/log.ts'
import {
  type DataDirectory,
  type DataDirectoryOptions,
  openDataDirectory,
} from '../../../src/storage/directory/data-directory.ts'
import type { KeyValue } from '../../../src/storage/key-value.ts'

export const bytes = (text: string): Buffer => Buffer.from(text)

export const everything = { from: bytes('\0'), to: Buffer.of(0xff) }

/** A log that keeps what was said: `level: sentence`. */
export function keepingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  const say = (level: string) => (_fields: object, message: string) => void lines.push(`${level}: ${message}`)
  return { lines, debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}

const wallMs = (): number => Date.UTC(2026, 0, 2, 3, 4, 5)

/** A place for data directories, deleted at the end. */
export class Scene {
  readonly root: string
  readonly log = keepingLog()

  private constructor(root: string) {
    this.root = root
  }

  static async begin(): Promise<Scene> {
    return new Scene(await mkdtemp(join(tmpdir(), 'topiary-directory-')))
  }

  end(): Promise<void> {
    return rm(this.root, { recursive: true, force: true })
  }

  get data(): string {
    return join(this.root, 'data')
  }

  get db(): string {
    return join(this.data, 'db')
  }

  directory(options: Partial<DataDirectoryOptions> = {}): DataDirectory {
    return openDataDirectory({ directory: this.data, log: this.log, wallMs, brokerVersion: '1.2.3', ...options })
  }

  /** Keys k000000 to k000799, half of them in a table and half in a log, closed. */
  async fill(): Promise<void> {
    const keyValue = await this.directory().open()
    await put(keyValue, 0, 400)
    await keyValue.close()
    // a second opening turns the log into a table
    const again = await this.directory().open()
    await put(again, 400, 400)
    await again.close()
  }

  async names(...path: string[]): Promise<string[]> {
    return (await readdir(join(this.data, ...path))).toSorted()
  }

  /** The first file of the database whose name matches. */
  async file(pattern: RegExp): Promise<string> {
    const name = (await readdir(this.db)).toSorted().find((one) => pattern.test(one))
    if (name === undefined) throw new Error(`no file ${String(pattern)} in ${this.db}`)
    return join(this.db, name)
  }

  async cut(pattern: RegExp, length: number): Promise<void> {
    await truncate(await this.file(pattern), length)
  }

  async flip(pattern: RegExp, at: number, length = 1): Promise<void> {
    const path = await this.file(pattern)
    const content = await readFile(path)
    for (let index = at; index < at + length; index++) content[index] = (content[index] ?? 0) ^ 0xff
    await writeFile(path, content)
  }

  async remove(pattern: RegExp): Promise<void> {
    await rm(await this.file(pattern))
  }

  async plant(name: string, text: string): Promise<void> {
    await mkdir(this.data, { recursive: true })
    await writeFile(join(this.data, name), text)
  }
}

export function write(keyValue: KeyValue, keys: readonly Uint8Array[], value: Uint8Array | undefined): Promise<void> {
  return new Promise((resolve, reject) =>
    keyValue.write({ keys, values: keys.map(() => value) }, true, (error) => (error ? reject(error) : resolve())),
  )
}

export function keyOf(number: number): Buffer {
  return bytes(`k${String(number).padStart(6, '0')}`)
}

async function put(keyValue: KeyValue, from: number, total: number): Promise<void> {
  const value = Buffer.alloc(1000, 'some text that is compressed to less, ')
  for (let number = from; number < from + total; number += 20) {
    const keys = Array.from({ length: 20 }, (_, index) => keyOf(number + index))
    await write(keyValue, keys, value)
  }
}

/** How many entries there are, and what had to be skipped. */
export async function count(keyValue: KeyValue): Promise<{ entries: number; damage: string[] }> {
  const damage: string[] = []
  let entries = 0
  for await (const chunk of keyValue.entries(everything, (error) => damage.push(error.message))) entries += chunk.length
  return { entries, damage }
}
