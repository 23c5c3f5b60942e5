import type { Entry, KeyRange, KeyValue, Operations } from '../../src/storage/key-value.ts'

/** How the next write goes wrong: with nothing written, or written all the same. */
export type WriteFault = 'nothing-written' | 'written'

/** What a disk holds, as a sorted map, with faults. `open()` gives a handle on it; a crash leaves what was synced. */
export class MemoryDisk {
  #entries = new Map<string, Uint8Array>()
  #synced = new Map<string, Uint8Array>()
  #faults: WriteFault[] = []
  #isFull = false
  #holding: (() => void)[] | undefined
  handles = 0
  writes = 0
  /** Most operations of one write. */
  largestWrite = 0

  readonly open = async (): Promise<KeyValue> => {
    this.handles++
    return new MemoryKeyValue(this)
  }

  /** The next writes fail, in that order. */
  failNext(...faults: readonly WriteFault[]): void {
    this.#faults.push(...faults)
  }

  /** Every write fails until there is room again. */
  setFull(isFull: boolean): void {
    this.#isFull = isFull
  }

  /** Writes wait until `release`. */
  hold(): void {
    this.#holding ??= []
  }

  release(): void {
    const held = this.#holding ?? []
    this.#holding = undefined
    for (const write of held) write()
  }

  /** The power goes: what was not synced is gone. Handles opened before must not be used. */
  crash(): void {
    this.#holding = undefined
    this.#entries = new Map(this.#synced)
  }

  /** What the power leaves of it, as a disk of its own: whoever still has this one goes on with it. */
  afterCrash(): MemoryDisk {
    const left = new MemoryDisk()
    for (const [key, value] of this.#synced) left.put(key, value)
    return left
  }

  keys(prefix = ''): readonly string[] {
    return [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).toSorted()
  }

  get(key: string): Uint8Array | undefined {
    return this.#entries.get(key)
  }

  delete(key: string): void {
    this.#entries.delete(key)
    this.#synced.delete(key)
  }

  /** Flips one bit of a value. */
  flip(key: string, bit: number): void {
    const value = Uint8Array.from(this.#entries.get(key) ?? [])
    const at = (bit >> 3) % value.length
    value[at] = (value[at] as number) ^ (1 << (bit & 7))
    this.put(key, value)
  }

  put(key: string, value: Uint8Array): void {
    this.#entries.set(key, value)
    this.#synced.set(key, value)
  }

  /** Called by handles. */
  write({ keys, values }: Operations, isSync: boolean, onWritten: (error?: Error) => void): void {
    const run = (): void => {
      const fault = this.#isFull ? 'nothing-written' : this.#faults.shift()
      if (fault !== 'nothing-written') {
        for (const [index, key] of keys.entries()) {
          const value = values[index]
          if (value === undefined) this.#entries.delete(nameOf(key))
          else this.#entries.set(nameOf(key), value)
        }
        if (isSync) this.#synced = new Map(this.#entries)
      }
      setImmediate(() => (fault === undefined ? onWritten() : onWritten(new Error(`no room: ${fault}`))))
    }
    this.writes++
    this.largestWrite = Math.max(this.largestWrite, keys.length)
    if (this.#holding === undefined) run()
    else this.#holding.push(run)
  }

  inRange({ from, to }: KeyRange): readonly Entry[] {
    const [first, end] = [nameOf(from), nameOf(to)]
    return this.keys()
      .filter((key) => key >= first && key < end)
      .map((key) => [Buffer.from(key, 'latin1'), this.#entries.get(key) as Uint8Array])
  }
}

/** A key as a string of the same order. */
export function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1')
}

class MemoryKeyValue implements KeyValue {
  readonly #disk: MemoryDisk
  #isClosed = false

  constructor(disk: MemoryDisk) {
    this.#disk = disk
  }

  write(operations: Operations, isSync: boolean, onWritten: (error?: Error) => void): void {
    this.#expectOpen()
    this.#disk.write(operations, isSync, onWritten)
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#expectOpen()
    await new Promise((resolve) => setImmediate(resolve))
    return keys.map((key) => this.#disk.get(nameOf(key)))
  }

  async *entries(range: KeyRange): AsyncGenerator<readonly Entry[]> {
    this.#expectOpen()
    const entries = this.#disk.inRange(range)
    for (let at = 0; at < entries.length; at += 3) {
      await new Promise((resolve) => setImmediate(resolve))
      yield entries.slice(at, at + 3)
    }
  }

  async clear(range: KeyRange): Promise<void> {
    for (const [key] of this.#disk.inRange(range)) this.#disk.delete(nameOf(key))
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #expectOpen(): void {
    if (this.#isClosed) throw new Error('the handle is closed')
  }
}
