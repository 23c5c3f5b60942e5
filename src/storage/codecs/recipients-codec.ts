import type { MessageRecipient } from '../../contracts/store.ts'
import { type BoundedBytes, DamagedBytes } from './bounded-bytes.ts'
import type { GrowingBytes } from './growing-bytes.ts'

/**
 * Who is owed a message: three bytes each where numbers lie close together.
 *
 *   [count] then for each  [session - the one before][position - the one before][flags][identifiers]
 *   flags  QoS 1-2 | retain 4 | has identifiers 8 | has those of the one before 16
 */
export function writeRecipients(out: GrowingBytes, recipients: readonly MessageRecipient[]): void {
  out.varint(recipients.length)
  let session = 0
  let position = 0
  let identifiers: readonly number[] = []
  for (let index = 0; index < recipients.length; index++) {
    const recipient = recipients[index] as MessageRecipient
    out.signed(recipient.session - session)
    out.signed(recipient.position - position)
    session = recipient.session
    position = recipient.position
    const own = recipient.subscriptionIdentifiers
    const flags = recipient.qos | (recipient.retain ? Flag.retain : 0)
    if (own.length === 0) out.byte(flags)
    else if (isSame(own, identifiers)) out.byte(flags | Flag.sameIdentifiers)
    else {
      out.byte(flags | Flag.identifiers)
      writeNumbers(out, own)
    }
    if (own.length > 0) identifiers = own
  }
}

export function readRecipients(from: BoundedBytes): MessageRecipient[] {
  const recipients: MessageRecipient[] = []
  let session = 0
  let position = 0
  let identifiers: readonly number[] = []
  for (let count = from.count(3); count > 0; count--) {
    session += from.signed()
    position += from.signed()
    const flags = from.byte()
    const qos = flags & 3
    if ((qos !== 1 && qos !== 2) || session < 0 || position < 0) throw new DamagedBytes('a recipient makes no sense')
    if ((flags & Flag.identifiers) !== 0) identifiers = readNumbers(from)
    const hasIdentifiers = (flags & (Flag.identifiers | Flag.sameIdentifiers)) !== 0
    const retain = (flags & Flag.retain) !== 0
    recipients.push({ session, position, qos, retain, subscriptionIdentifiers: hasIdentifiers ? identifiers : none })
  }
  return recipients
}

export function writeNumbers(out: GrowingBytes, numbers: readonly number[]): void {
  out.varint(numbers.length)
  for (const number of numbers) out.varint(number)
}

export function readNumbers(from: BoundedBytes): readonly number[] {
  const count = from.count(1)
  return count === 0 ? none : Array.from({ length: count }, () => from.varint())
}

const Flag = { retain: 4, identifiers: 8, sameIdentifiers: 16 } as const
const none: readonly number[] = []

function isSame(left: readonly number[], right: readonly number[]): boolean {
  return left === right || (left.length === right.length && left.every((number, index) => number === right[index]))
}
