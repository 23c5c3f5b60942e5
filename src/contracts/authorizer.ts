import type { PeerInfo } from './byte-stream.ts'

/** The client whose rights are asked for. */
export interface AuthorizedClient {
  readonly clientId: string
  /** Absent for anonymous clients. */
  readonly user: string | undefined
  /** Absent while the client is away. */
  readonly peer: PeerInfo | undefined
}

export type Access =
  | { readonly action: 'publish'; readonly topicName: string; readonly qos: number; readonly retain: boolean }
  | { readonly action: 'subscribe'; readonly topicFilter: string; readonly qos: number }
  /** `topicFilter` is the subscription that asks for it: without the right to that, nothing comes by it. */
  | { readonly action: 'receive'; readonly topicName: string; readonly topicFilter: string }

/** Yes, no, or yes up to a QoS: a subscription is granted with at most that, a publish above it is refused. */
export type AccessAnswer =
  | boolean
  | {
      readonly maximumQos: 0 | 1 | 2
      /** A hook has said so: what comes by this subscription is asked of nobody else. */
      readonly isByHook?: true
    }

/** Whether an answer lets a publish of this QoS through. */
export function grants(answer: AccessAnswer, qos: number): boolean {
  // whatever else an answer may be, it is no yes
  return answer === true || (typeof answer === 'object' && qos <= answer?.maximumQos)
}

/** Decides what a connected client may do. */
export interface Authorizer {
  /** Changes whenever an earlier answer may no longer hold; cached answers of another epoch are asked again. */
  readonly epoch: number
  /**
   * Whether everybody may do this everywhere, so that nobody need be asked: true only for as long as the epoch stays.
   * Absent: ask.
   */
  allowsAll?(action: Access['action']): boolean
  /**
   * Answers at once, or returns undefined and calls `respond` later; meanwhile only that client waits. `receive` is
   * asked while a route is built and must be answered at once. One that throws has said no.
   */
  authorize(client: AuthorizedClient, access: Access, respond: (answer: AccessAnswer) => void): AccessAnswer | undefined
}
