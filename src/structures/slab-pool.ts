/** Reusable byte buffers in a few sizes, so that a busy connection borrows one and an idle one holds none. */
export class SlabPool {
  readonly #sizes: readonly number[]
  readonly #free: Uint8Array[][]
  readonly #allocate: (byteCount: number) => Uint8Array
  readonly #keepBytesPerSize: number

  /** `sizes` ascending, in bytes. `allocate` may hand out memory that is not zeroed. */
  constructor(
    sizes: readonly number[],
    allocate: (byteCount: number) => Uint8Array,
    keepBytesPerSize = 4 * 1024 * 1024,
  ) {
    this.#sizes = sizes
    this.#free = sizes.map(() => [])
    this.#allocate = allocate
    this.#keepBytesPerSize = keepBytesPerSize
  }

  /** A slab of at least `byteCount` bytes; one larger than the largest size is made to measure and not kept. */
  take(byteCount: number): Uint8Array {
    for (let i = 0; i < this.#sizes.length; i++) {
      const size = this.#sizes[i] as number
      if (byteCount <= size) return this.#free[i]?.pop() ?? this.#allocate(size)
    }
    return this.#allocate(byteCount)
  }

  /** The caller must not touch the slab afterwards. */
  give(slab: Uint8Array): void {
    const free = this.#free[this.#sizes.indexOf(slab.length)]
    if (free !== undefined && (free.length + 1) * slab.length <= this.#keepBytesPerSize) free.push(slab)
  }
}
