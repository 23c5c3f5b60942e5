import type { PeerInfo } from './byte-stream.ts'

/** The client whose rights are asked for. */
export interface AuthorizedClient {
  readonly clientId: string
  readonly user: string | undefined
  readonly peer: PeerInfo | undefined
}

export type Access =
  | { readonly action: 'publish'; readonly topicName: string; readonly qos: number; readonly retain: boolean }
  | { readonly action: 'subscribe'; readonly topicFilter: string; readonly qos: number }
  | { readonly action: 'receive'; readonly topicName: string }

/** Decides what a connected client may do. */
export interface Authorizer {
  /** Changes whenever an earlier answer may no longer hold; cached answers of another epoch are asked again. */
  readonly epoch: number
  /**
   * Answers at once with true or false, or returns undefined and calls `respond` later; meanwhile only that
   * client waits. `receive` is asked while a route is built and must be answered at once.
   */
  authorize(client: AuthorizedClient, access: Access, respond: (allowed: boolean) => void): boolean | undefined
}
