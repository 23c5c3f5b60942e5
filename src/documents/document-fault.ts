/** Names and numbers of entries, from the outside in. */
export type DocumentPath = readonly (string | number)[]

/** One thing that is wrong. */
export interface DocumentFault {
  readonly path: DocumentPath
  /** The key at `path` is what is wrong, not its value. */
  readonly isKey: boolean
  /** Names the place, what may stand there and what did; never a secret. */
  readonly message: string
}
