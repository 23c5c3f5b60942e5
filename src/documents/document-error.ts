const MOST_FAULTS = 50

/** A document cannot be used. One line for each thing that is wrong, with its place where it has one. */
export class DocumentError extends Error {
  override readonly name: string = 'DocumentError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    const different = [...new Set(faults)]
    const more = different.length - MOST_FAULTS
    const told = more > 0 ? [...different.slice(0, MOST_FAULTS), `and ${more} more like these`] : different
    super(told.join('\n'))
    this.faults = told
  }
}

/** Also one of another copy of the class: what a program loads at run time imports the library, the program is bundled. */
export function isDocumentError(error: unknown): error is DocumentError {
  return error instanceof Error && error.name === 'DocumentError' && 'faults' in error
}
