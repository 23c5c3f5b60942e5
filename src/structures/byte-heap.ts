/** Addresses count in these. */
const GRANULE_BYTES = 16
const PAGE_BYTES = 256 * 1024
/** log2 of the granules in a page. */
const PAGE_SHIFT = 14
const GRANULE_MASK = (1 << PAGE_SHIFT) - 1
/** Longer runs have a page of their own. */
const MAXIMUM_SLOT_GRANULES = 1024
/** Addresses stay positive integers of 32 bits. */
const MAXIMUM_PAGES = 1 << (31 - PAGE_SHIFT)

const slotSizes = slotSizesInGranules()
const classOfGranules = classes()

interface Page {
  readonly bytes: Uint8Array
  /** Index in `slotSizes`; -1 for a page that holds one run. */
  readonly slotClass: number
  live: number
  /** Granule of the first slot that was given back, -1 for none; its first two bytes hold the next. */
  free: number
  /** Granule from which on nothing was ever handed out. */
  untouched: number
}

/**
 * Many short runs of bytes, without an object for each: a million would keep the garbage collector busy and weigh
 * several times what is in them.
 *
 *   address    page number, granule in it (16 bytes)         0 is no address
 *   page       [ slot ][ slot ][ given back ][ slot ] . . .  slots of one size; a page that is empty is let go
 *
 * A run above 16 KiB lies in a page of its own, which is never used again: its bytes may be referred to for as long as
 * anybody likes.
 */
export class ByteHeap {
  readonly #newBytes: (byteCount: number) => Uint8Array
  readonly #pages: (Page | undefined)[] = [undefined]
  readonly #freeNumbers: number[] = []
  /** Page numbers with room, per slot class; the last is taken from. */
  readonly #roomy: number[][] = slotSizes.map(() => [])

  /** `newBytes`: where the memory of a page comes from. */
  constructor(newBytes = (byteCount: number) => new Uint8Array(byteCount)) {
    this.#newBytes = newBytes
  }

  /** All page numbers are given out: `allocate` may find no room, and then throws RangeError. */
  get isFull(): boolean {
    return this.#freeNumbers.length === 0 && this.#pages.length >= MAXIMUM_PAGES
  }

  /** An address for `byteCount` bytes, which are not zeroed. */
  allocate(byteCount: number): number {
    const granules = (byteCount + GRANULE_BYTES - 1) >>> 4
    if (granules > MAXIMUM_SLOT_GRANULES) return this.#newPage(byteCount, -1) << PAGE_SHIFT
    const slotClass = classOfGranules[granules] as number
    const roomy = this.#roomy[slotClass] as number[]
    let number = roomy.at(-1)
    if (number === undefined) roomy.push((number = this.#newPage(PAGE_BYTES, slotClass)))
    const page = this.#pages[number] as Page
    const size = slotSizes[slotClass] as number
    let granule = page.free
    if (granule >= 0) {
      const at = granule * GRANULE_BYTES
      page.free = (((page.bytes[at] as number) << 8) | (page.bytes[at + 1] as number)) - 1
    } else {
      granule = page.untouched
      page.untouched += size
    }
    page.live++
    if (isFull(page, size)) roomy.pop()
    return (number << PAGE_SHIFT) | granule
  }

  /** Gives back what `allocate` handed out. */
  free(address: number): void {
    const number = address >>> PAGE_SHIFT
    const page = this.#pages[number] as Page
    if (page.slotClass < 0) {
      this.#letGo(number)
      return
    }
    const roomy = this.#roomy[page.slotClass] as number[]
    if (isFull(page, slotSizes[page.slotClass] as number)) roomy.push(number)
    const granule = address & GRANULE_MASK
    const at = granule * GRANULE_BYTES
    const next = page.free + 1
    page.bytes[at] = next >> 8
    page.bytes[at + 1] = next & 0xff
    page.free = granule
    // the last page of its class stays, or one message that comes and goes would make and drop it each time
    if (--page.live > 0 || roomy.length === 1) return
    roomy.splice(roomy.indexOf(number), 1)
    this.#letGo(number)
  }

  /** The bytes that an address lies in, at `offset`. */
  bytes(address: number): Uint8Array {
    return (this.#pages[address >>> PAGE_SHIFT] as Page).bytes
  }

  offset(address: number): number {
    return (address & GRANULE_MASK) * GRANULE_BYTES
  }

  #newPage(byteCount: number, slotClass: number): number {
    const page = { bytes: this.#newBytes(byteCount), slotClass, live: 0, free: -1, untouched: 0 }
    if (this.isFull) throw new RangeError(`a byte heap has at most ${MAXIMUM_PAGES} pages`)
    const number = this.#freeNumbers.pop() ?? this.#pages.length
    this.#pages[number] = page
    return number
  }

  #letGo(number: number): void {
    this.#pages[number] = undefined
    this.#freeNumbers.push(number)
  }
}

function isFull({ free, untouched }: Page, slotGranules: number): boolean {
  return free < 0 && untouched + slotGranules > PAGE_BYTES / GRANULE_BYTES
}

/** Each size up to 256 bytes, then steps of an eighth: no slot is more than about an eighth too large. */
function slotSizesInGranules(): readonly number[] {
  const sizes: number[] = []
  for (let size = 1; size < MAXIMUM_SLOT_GRANULES; size += Math.max(1, size >> 3)) sizes.push(size)
  return [...sizes, MAXIMUM_SLOT_GRANULES]
}

function classes(): Uint8Array {
  const table = new Uint8Array(MAXIMUM_SLOT_GRANULES + 1)
  for (let granules = 0; granules < table.length; granules++) {
    table[granules] = slotSizes.findIndex((size) => size >= granules)
  }
  return table
}
