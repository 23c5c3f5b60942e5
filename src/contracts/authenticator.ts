import type { PeerInfo } from './byte-stream.ts'

/** One step of proving who a client is. */
export interface AuthenticationRequest {
  /** `connect` opens; `continue` answers a challenge (AUTH 0x18); `reauthenticate` opens again (AUTH 0x19). */
  readonly step: 'connect' | 'continue' | 'reauthenticate'
  readonly peer: PeerInfo
  readonly clientId: string
  /** Absent when the CONNECT had none. */
  readonly userName: string | undefined
  readonly password: Uint8Array | undefined
  /** MQTT 5.0 Authentication Method, absent for plain logins. */
  readonly method: string | undefined
  readonly data: Uint8Array | undefined
  /** The authenticator's own notes about this exchange, kept by the connection from step to step. */
  readonly exchange: { state: unknown }
  /** The client has left: an answer would reach nobody. */
  readonly isGone: () => boolean
}

export type AuthenticationOutcome =
  | { readonly result: 'accepted'; readonly user: string | undefined; readonly data?: Uint8Array }
  | { readonly result: 'continue'; readonly data?: Uint8Array }
  | { readonly result: 'refused'; readonly reasonCode: number; readonly reasonString?: string }

/** Decides who may connect. */
export interface Authenticator {
  /**
   * Calls `respond` exactly once, now or later; meanwhile only that client waits. One that throws, or whose promise
   * rejects, refuses.
   */
  authenticate(request: AuthenticationRequest, respond: (outcome: AuthenticationOutcome) => void): void | Promise<void>
}
