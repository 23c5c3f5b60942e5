import { StoreError } from '../store-error.ts'

export type DataDirectoryFault = 'in-use' | 'not-a-directory' | 'no-rights' | 'newer' | 'full' | 'unusable'

/** A data directory cannot be used: one line that says why and what to do. */
export class DataDirectoryError extends StoreError {
  readonly fault: DataDirectoryFault

  constructor(fault: DataDirectoryFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.fault = fault
  }
}
