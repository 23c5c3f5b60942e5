/** Names of what json and cbor payloads carry beside the sensors. */
export const RESERVED_NAMES: readonly string[] = ['sim', 'time']

/** Throws where a field would stand twice in a payload. */
export function checkFieldNames(fields: readonly string[]): void {
  const taken = fields.find((field) => RESERVED_NAMES.includes(field))
  if (taken !== undefined) {
    throw new Error(`a sensor in a json or cbor payload cannot be called "${taken}": the payload has one; rename it`)
  }
}
