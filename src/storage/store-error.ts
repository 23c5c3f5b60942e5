/** What keeps a store from opening, for the operator: what was expected, what was found, what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
}
