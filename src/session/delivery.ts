import type { ApplicationMessage } from '../protocol/application-message.ts'
import type { QueueDropReason } from './queue-bounds.ts'
import type { QueueEntry } from './queue-entry.ts'

/** A message as one or more sessions are owed it: what does not differ between them is held once. */
export interface Delivery {
  /** Owns its bytes. Undefined while only the store has it; a delivery that is without one belongs to one session. */
  message: ApplicationMessage | undefined
  /** Under which the store knows it; -1 when it does not. */
  readonly sequence: number
  /** Topic, properties and payload. */
  readonly byteSize: number
  readonly queuedAtMs: number
  readonly expiresAtMs: number
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly subscriptionIdentifiers: readonly number[]
  /** The commit that makes it durable, 0 when it is not to be. A QoS 2 PUBLISH is not written before. */
  readonly commit: number
  /** Under which rights it was owed: of another epoch, they are asked for again before it is sent. */
  readonly rightsEpoch: number
  /** The shared subscription it came by, so that it can go to another member when this session ends. */
  readonly group: object | undefined
}

/** As it is known without its payload. */
export function entryOf(delivery: Delivery, position: number): QueueEntry {
  const { sequence, qos, retain, subscriptionIdentifiers, byteSize, queuedAtMs, expiresAtMs } = delivery
  return { position, sequence, qos, retain, subscriptionIdentifiers, byteSize, queuedAtMs, expiresAtMs }
}

/** A message that is owed, with or without its payload at hand. */
export type Owed = Delivery | QueueEntry

/** `position` is -1 for a message that never had one. */
export type OnDrop = (owed: Owed, reason: QueueDropReason, position: number) => void
