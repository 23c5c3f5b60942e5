/** A file that logins depend on cannot be used: one line that says where, what is wrong and what to do. */
export class AuthFileError extends Error {
  override readonly name = 'AuthFileError'
  readonly code = 'AUTH_FILE'
}
