import { DocumentError } from '../../src/documents/document-error.ts'

/** A mosquitto.conf cannot be used: everything that is wrong, `FILE:LINE: sentence` each. */
export class MosquittoConfError extends DocumentError {
  override readonly name = 'MosquittoConfError'
}
