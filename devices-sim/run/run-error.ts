/** A run could not begin, or not go on: what is wrong and what to do, one sentence each. */
export class RunError extends Error {
  override readonly name = 'RunError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}
