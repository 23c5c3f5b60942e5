import type { ReasonCode } from './reason-codes.ts'

/** The client broke the protocol. Thrown by the codec and the handlers, caught in one place: the connection's exit. */
export class ProtocolError extends Error {
  readonly reasonCode: ReasonCode

  /** `message` is sent to 5.0 clients as Reason String, so it names the rule and no secret. */
  constructor(reasonCode: ReasonCode, message: string) {
    super(message)
    this.name = 'ProtocolError'
    this.reasonCode = reasonCode
  }
}
