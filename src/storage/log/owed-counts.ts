/**
 * How many are still owed each block of messages: four bytes a block, in pages that go when nobody is owed anything of
 * them.
 *
 *   page 7   [ 1 . . 12 1 1 . ... ]   1024 blocks
 *              ^ count in the low 31 bits; the highest says that the block surely has no key of its own
 */
export class OwedCounts {
  readonly #pages = new Map<number, Page>()

  /** `isInline`: it lies in its commit and nowhere else. */
  add(block: number, count: number, isInline: boolean): void {
    const number = Math.floor(block / PAGE)
    let page = this.#pages.get(number)
    if (page === undefined) {
      page = { counts: new Uint32Array(PAGE), live: 0 }
      this.#pages.set(number, page)
    }
    const slot = block % PAGE
    const before = page.counts[slot] as number
    if (before === 0) page.live++
    page.counts[slot] = ((before + count) | (isInline ? INLINE : 0)) >>> 0
  }

  /** Once less. What nobody is owed any more: `gone` when it lay inline, `delete` when its key is to go. */
  release(block: number): 'owed' | 'gone' | 'delete' {
    const page = this.#pages.get(Math.floor(block / PAGE))
    const slot = block % PAGE
    const before = page?.counts[slot] ?? 0
    // what is not known was given up before, with a batch that failed
    if (page === undefined || before === 0) return 'gone'
    if ((before & COUNT) > 1) {
      page.counts[slot] = before - 1
      return 'owed'
    }
    this.forget(block)
    return before > COUNT ? 'gone' : 'delete'
  }

  /** Nobody is owed it, whatever was counted. */
  forget(block: number): void {
    const number = Math.floor(block / PAGE)
    const page = this.#pages.get(number)
    const slot = block % PAGE
    if (page === undefined || page.counts[slot] === 0) return
    page.counts[slot] = 0
    if (--page.live === 0) this.#pages.delete(number)
  }

  has(block: number): boolean {
    return (this.#pages.get(Math.floor(block / PAGE))?.counts[block % PAGE] ?? 0) > 0
  }

  /** Whether somebody is owed one of first..last. */
  hasAny(first: number, last: number): boolean {
    for (let block = first; block <= last; block++) {
      const page = this.#pages.get(Math.floor(block / PAGE))
      if (page === undefined) block += PAGE - 1 - (block % PAGE)
      else if ((page.counts[block % PAGE] as number) > 0) return true
    }
    return false
  }

  /** It lies in its commit only. */
  setInline(block: number): void {
    if (this.has(block)) this.add(block, 0, true)
  }

  /** It has a key of its own now. */
  setBeside(block: number): void {
    const page = this.#pages.get(Math.floor(block / PAGE))
    if (page !== undefined) page.counts[block % PAGE] = (page.counts[block % PAGE] as number) & COUNT
  }
}

const PAGE = 1024
const COUNT = 0x7fff_ffff
const INLINE = 0x8000_0000

interface Page {
  readonly counts: Uint32Array
  /** Slots above 0. */
  live: number
}
