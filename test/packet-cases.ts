import { connackCases, connackFaults } from './packet-cases/connack.ts'
import { connectCases, connectFaults } from './packet-cases/connect.ts'
import { authCases, authFaults, disconnectCases, disconnectFaults } from './packet-cases/disconnect-and-auth.ts'
import type { FaultCase, PacketCase } from './packet-cases/packet-case.ts'
import { publishResponseCases, publishResponseFaults } from './packet-cases/publish-response.ts'
import { publishCases, publishFaults } from './packet-cases/publish.ts'
import { subscribeCases, subscribeFaults } from './packet-cases/subscribe.ts'
import { subscriptionResponseCases, subscriptionResponseFaults } from './packet-cases/subscription-response.ts'
import { unsubscribeCases, unsubscribeFaults } from './packet-cases/unsubscribe.ts'

/** Packets as bytes and as what they say. PINGREQ and PINGRESP have no body, so there is nothing to decode. */
export const packetCases: readonly PacketCase[] = [
  ...connectCases,
  ...connackCases,
  ...publishCases,
  ...publishResponseCases,
  ...subscribeCases,
  ...subscriptionResponseCases,
  ...unsubscribeCases,
  ...disconnectCases,
  ...authCases,
]

/** Packets that must be refused, with the reason code that says so. */
export const faultCases: readonly FaultCase[] = [
  ...connectFaults,
  ...connackFaults,
  ...publishFaults,
  ...publishResponseFaults,
  ...subscribeFaults,
  ...subscriptionResponseFaults,
  ...unsubscribeFaults,
  ...disconnectFaults,
  ...authFaults,
]
