import type { StoredGroup, StoredRetained, StoredSubscription, StoredWill } from '../../contracts/store.ts'
import { type BoundedBytes, type DamagedBytes, decoded } from './bounded-bytes.ts'
import { BODY_START } from './framed-value.ts'
import type { GrowingBytes } from './growing-bytes.ts'
import { readPublished, writeMessage } from './message-codec.ts'
import { readQueueEntries, writeQueueEntries } from './queue-entries-codec.ts'

export function writeSubscription(out: GrowingBytes, subscription: StoredSubscription): void {
  out.text(subscription.topicFilter)
  out.byte(subscription.options)
  // 0 is no identifier in MQTT
  out.varint(subscription.subscriptionIdentifier ?? 0)
}

export function readSubscription(from: BoundedBytes): StoredSubscription {
  return { topicFilter: from.text(), options: from.byte(), subscriptionIdentifier: from.varint() || undefined }
}

export function writeGroup(out: GrowingBytes, group: StoredGroup): void {
  out.text(group.topicFilter)
  writeQueueEntries(out, group.waiting)
}

/** The body of a `g` value. */
export function decodeGroup(value: Uint8Array): StoredGroup | DamagedBytes {
  return decoded(value, BODY_START, (from) => ({ topicFilter: from.text(), waiting: readQueueEntries(from) }))
}

export function writeRetained(out: GrowingBytes, retained: StoredRetained): void {
  out.text(retained.topicName)
  writeMessage(out, retained.message, retained.publisher)
}

export function readRetained(from: BoundedBytes): StoredRetained {
  return { topicName: from.text(), ...readPublished(from) }
}

/** The body of an `r` value. */
export function decodeRetained(value: Uint8Array): StoredRetained | DamagedBytes {
  return decoded(value, BODY_START, readRetained)
}

export function writeWill(out: GrowingBytes, will: StoredWill): void {
  out.text(will.clientId)
  out.optionalText(will.user)
  out.text(will.topicName)
  out.byte(will.qos)
  out.byte(will.retain ? 1 : 0)
  out.varint(will.delaySeconds)
  out.binary(will.properties)
  out.binary(will.payload)
  out.time(will.dueAtMs)
}

export function readWill(from: BoundedBytes): StoredWill {
  return {
    clientId: from.text(),
    user: from.optionalText(),
    topicName: from.text(),
    qos: from.qos(),
    retain: from.boolean(),
    delaySeconds: from.varint(),
    properties: from.binary(),
    payload: from.binary(),
    dueAtMs: from.time(),
  }
}

/** The body of a `w` value. */
export function decodeWill(value: Uint8Array): StoredWill | DamagedBytes {
  return decoded(value, BODY_START, readWill)
}
