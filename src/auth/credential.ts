import type { HashJob } from './derive-hash.ts'

/** What a server keeps to know a password again, without the password. */
export interface Credential {
  /** Form and parameters in words: checks against two credentials of one cost are the same work. */
  readonly cost: string
  /** As it stands in the password file. */
  format(): string
  /** The work that a password asks for. Every password has one, also one that can never be right. */
  hashJob(password: Uint8Array): HashJob
  /** Whether `hash`, the outcome of that work, shows that the password was right. */
  matches(hash: Uint8Array): boolean
  /** One of the same form and cost that no password fits. `random` gives at most 64 bytes for each purpose. */
  standIn(random: (purpose: string, length: number) => Uint8Array): Credential
}
