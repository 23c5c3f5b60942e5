import type { StoreRecord } from '../../contracts/store.ts'
import { type BoundedBytes, DamagedBytes } from './bounded-bytes.ts'
import {
  readRetained,
  readSubscription,
  readWill,
  writeRetained,
  writeSubscription,
  writeWill,
} from './entity-codec.ts'
import type { GrowingBytes } from './growing-bytes.ts'
import { readMessage, readMessageOutline, writeMessage, writeMessageOutline } from './message-codec.ts'
import { readRecipients, writeRecipients } from './recipients-codec.ts'

/** First byte of a record. A number is never given to another kind. */
const Kind = {
  'session-opened': 1,
  'session-closed': 2,
  'session-ended': 3,
  subscribed: 4,
  unsubscribed: 5,
  message: 6,
  'group-left': 7,
  'group-returned': 8,
  delivered: 9,
  released: 10,
  'inbound-id': 11,
  retained: 12,
  'retained-cleared': 13,
  will: 14,
  'will-cleared': 15,
} as const satisfies Record<StoreRecord['kind'], number>

/** Behind the kind, the fields in the order of their type. */
export function writeRecord(out: GrowingBytes, record: StoreRecord): void {
  out.byte(Kind[record.kind])
  switch (record.kind) {
    case 'session-opened':
      out.varint(record.session)
      out.text(record.clientId)
      out.optionalText(record.user)
      out.varint(record.expirySeconds)
      return out.varint(record.sendQuota)
    case 'session-closed':
      out.varint(record.session)
      return out.time(record.expiresAtMs)
    case 'session-ended':
      return out.varint(record.session)
    case 'subscribed':
      out.varint(record.session)
      return writeSubscription(out, record)
    case 'unsubscribed':
      out.varint(record.session)
      return out.text(record.topicFilter)
    case 'message':
      return writeMessageRecord(out, record)
    case 'group-left':
      out.text(record.topicFilter)
      out.varint(record.sequence + 1)
      return writeRecipients(out, record.recipient === undefined ? [] : [record.recipient])
    case 'group-returned':
      out.text(record.topicFilter)
      return out.varint(record.sequence + 1)
    case 'delivered':
    case 'released':
      out.varint(record.session)
      out.varint(record.position)
      return out.varint(record.sequence + 1)
    case 'inbound-id':
      out.varint(record.session)
      out.varint(record.packetId)
      return out.byte(record.held ? 1 : 0)
    case 'retained':
      return writeRetained(out, record)
    case 'retained-cleared':
      return out.text(record.topicName)
    case 'will':
      return writeWill(out, record)
    case 'will-cleared':
      return out.text(record.clientId)
  }
}

/** Throws DamagedBytes. */
export function readRecord(from: BoundedBytes): StoreRecord {
  const kind = from.byte()
  switch (kind) {
    case Kind['session-opened']:
      return {
        kind: 'session-opened',
        session: from.varint(),
        clientId: from.text(),
        user: from.optionalText(),
        expirySeconds: from.varint(),
        sendQuota: from.varint(),
      }
    case Kind['session-closed']:
      return { kind: 'session-closed', session: from.varint(), expiresAtMs: from.time() }
    case Kind['session-ended']:
      return { kind: 'session-ended', session: from.varint(), outstanding: [] }
    case Kind.subscribed:
      return { kind: 'subscribed', session: from.varint(), ...readSubscription(from) }
    case Kind.unsubscribed:
      return { kind: 'unsubscribed', session: from.varint(), topicFilter: from.text() }
    case Kind.message:
      return readMessageRecord(from)
    case Kind['group-left']:
      return {
        kind: 'group-left',
        topicFilter: from.text(),
        sequence: from.varint() - 1,
        recipient: readRecipients(from)[0],
      }
    case Kind['group-returned']:
      return { kind: 'group-returned', topicFilter: from.text(), sequence: from.varint() - 1 }
    case Kind.delivered:
      return { kind: 'delivered', ...readPosition(from) }
    case Kind.released:
      return { kind: 'released', ...readPosition(from) }
    case Kind['inbound-id']:
      return { kind: 'inbound-id', session: from.varint(), packetId: from.varint(), held: from.boolean() }
    case Kind.retained:
      return { kind: 'retained', ...readRetained(from) }
    case Kind['retained-cleared']:
      return { kind: 'retained-cleared', topicName: from.text() }
    case Kind.will:
      return { kind: 'will', ...readWill(from) }
    case Kind['will-cleared']:
      return { kind: 'will-cleared', clientId: from.text() }
  }
  throw new DamagedBytes(`it holds a record of kind ${kind}, which a newer version of Topiary wrote`)
}

type MessageRecord = Extract<StoreRecord, { kind: 'message' }>

/** A message for later lies beside its commit, which then says only how large it is and when it expires. */
function writeMessageRecord(out: GrowingBytes, record: MessageRecord): void {
  out.byte(record.isForLater ? 1 : 0)
  out.varint(record.sequence)
  out.time(record.publishedAtMs)
  if (record.isForLater) writeMessageOutline(out, record.message)
  else writeMessage(out, record.message)
  writeRecipients(out, record.recipients)
  out.varint(record.groups.length)
  for (const group of record.groups) out.text(group)
}

function readMessageRecord(from: BoundedBytes): MessageRecord {
  const isForLater = from.boolean()
  return {
    kind: 'message',
    sequence: from.varint(),
    publishedAtMs: from.time(),
    message: isForLater ? readMessageOutline(from) : readMessage(from),
    recipients: readRecipients(from),
    groups: Array.from({ length: from.count(1) }, () => from.text()),
    isForLater,
  }
}

function readPosition(from: BoundedBytes) {
  return { session: from.varint(), position: from.varint(), sequence: from.varint() - 1 }
}
