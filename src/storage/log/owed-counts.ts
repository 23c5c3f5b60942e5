/**
 * How many are still owed each message: four bytes a message, in pages that go when nobody is owed anything of them.
 *
 *   page 7   [ 1 . . 12 1 1 . ... ]   1024 sequences
 *              ^ count in the low 31 bits; the highest says that the message surely has no key of its own
 */
export class OwedCounts {
  readonly #pages = new Map<number, Page>()

  /** `isInline`: it lies in its commit and nowhere else. */
  add(sequence: number, count: number, isInline: boolean): void {
    const number = Math.floor(sequence / PAGE)
    let page = this.#pages.get(number)
    if (page === undefined) {
      page = { counts: new Uint32Array(PAGE), live: 0 }
      this.#pages.set(number, page)
    }
    const slot = sequence % PAGE
    const before = page.counts[slot] as number
    if (before === 0) page.live++
    page.counts[slot] = ((before + count) | (isInline ? INLINE : 0)) >>> 0
  }

  /** Once less. What nobody is owed any more: `gone` when it lay inline, `delete` when its key is to go. */
  release(sequence: number): 'owed' | 'gone' | 'delete' {
    const page = this.#pages.get(Math.floor(sequence / PAGE))
    const slot = sequence % PAGE
    const before = page?.counts[slot] ?? 0
    // what is not known was given up before, with a batch that failed
    if (page === undefined || before === 0) return 'gone'
    if ((before & COUNT) > 1) {
      page.counts[slot] = before - 1
      return 'owed'
    }
    this.forget(sequence)
    return before > COUNT ? 'gone' : 'delete'
  }

  /** Nobody is owed it, whatever was counted. */
  forget(sequence: number): void {
    const number = Math.floor(sequence / PAGE)
    const page = this.#pages.get(number)
    const slot = sequence % PAGE
    if (page === undefined || page.counts[slot] === 0) return
    page.counts[slot] = 0
    if (--page.live === 0) this.#pages.delete(number)
  }

  has(sequence: number): boolean {
    return (this.#pages.get(Math.floor(sequence / PAGE))?.counts[sequence % PAGE] ?? 0) > 0
  }

  /** Whether somebody is owed one of first..last. */
  hasAny(first: number, last: number): boolean {
    for (let sequence = first; sequence <= last; sequence++) {
      const page = this.#pages.get(Math.floor(sequence / PAGE))
      if (page === undefined) sequence += PAGE - 1 - (sequence % PAGE)
      else if ((page.counts[sequence % PAGE] as number) > 0) return true
    }
    return false
  }

  /** It lies in its commit only. */
  setInline(sequence: number): void {
    if (this.has(sequence)) this.add(sequence, 0, true)
  }

  /** It has a key of its own now. */
  setBeside(sequence: number): void {
    const page = this.#pages.get(Math.floor(sequence / PAGE))
    if (page !== undefined) page.counts[sequence % PAGE] = (page.counts[sequence % PAGE] as number) & COUNT
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
