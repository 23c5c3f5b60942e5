import fc from 'fast-check'
import { type MessageRecipient, MESSAGES_PER_BLOCK, type StoreRecord } from '../../src/contracts/store.ts'
import { ApplicationMessage } from '../../src/protocol/application-message.ts'
import type { ModelState } from './model-state.ts'

/** What happens next, in numbers; what they mean depends on what there is. */
export interface Happening {
  readonly what: number
  readonly which: number
  readonly how: number
}

export const happenings = fc.array(fc.record({ what: fc.nat(15), which: fc.nat(1000), how: fc.nat(1000) }), {
  minLength: 1,
  maxLength: 12,
})

const groupNames = ['$share/a/t', '$share/b/u/#']

/** The message that a sequence stands for: a test knows what must be read back. */
export function messageFor(sequence: number): ApplicationMessage {
  const message = new ApplicationMessage()
  message.topicBytes = Buffer.from(`topic/${sequence % 5}`)
  const payload = `payload ${sequence} ${'x'.repeat(sequence % 40)}`
  message.bytes = Uint8Array.from(Buffer.from(payload))
  message.payloadEnd = message.bytes.length
  message.qos = sequence % 2 === 0 ? 1 : 2
  return message
}

export const payloadOf = (message: ApplicationMessage): string =>
  Buffer.from(message.bytes.subarray(message.payloadStart, message.payloadEnd)).toString()

/** Turns happenings into records that make sense, and applies them to the state they are about. */
export class RecordScript {
  nextSequence: number
  nextSession: number
  #positions = new Map<number, number>()
  #run: string | undefined

  constructor(nextSequence = 1, nextSession = 1) {
    this.nextSequence = nextSequence
    this.nextSession = nextSession
  }

  batch(state: ModelState, happened: readonly Happening[]): StoreRecord[] {
    const records: StoreRecord[] = []
    this.#run = undefined
    for (const happening of happened) {
      for (const record of this.#records(state, happening)) {
        records.push(record)
        state.apply(record)
      }
    }
    return records
  }

  #records(state: ModelState, { what, which, how }: Happening): StoreRecord[] {
    const numbers = [...state.sessions.keys()]
    const session = numbers[which % Math.max(1, numbers.length)]
    if (session === undefined || (what === 0 && numbers.length < 8)) return [this.#opened()]
    const entries = [...(state.sessions.get(session)?.queue.values() ?? [])]
    const entry = entries[how % Math.max(1, entries.length)]
    const group = groupNames[which % 2] as string
    const waiting = [...(state.groups.get(group) ?? [])][0]
    switch (what) {
      case 1:
        return [{ kind: 'session-closed', session, expiresAtMs: how % 3 === 0 ? Infinity : how * 1000 }]
      case 2:
        if (how % 3 > 0) return []
        return [{ kind: 'session-ended', session, outstanding: state.outstandingOf(session) }]
      case 3:
        return [subscribed(session, how)]
      case 4:
        return [{ kind: 'unsubscribed', session, topicFilter: `f/${how % 4}` }]
      case 5:
        return entry === undefined ? [] : [{ kind: 'released', session, ...entry }].map(bare)
      case 6:
        return [{ kind: 'inbound-id', session, packetId: 1 + (how % 9), held: how % 2 === 0 }]
      case 7:
        return [{ kind: 'retained', topicName: `r/${which % 4}`, message: messageFor(how) }]
      case 8:
        return [{ kind: 'retained-cleared', topicName: `r/${which % 4}` }]
      case 9:
        return [will(`client ${which % 4}`, how)]
      case 10:
        return [{ kind: 'will-cleared', clientId: `client ${which % 4}` }]
      case 11: {
        if (waiting === undefined) return []
        const recipient = how % 3 === 0 ? undefined : this.#recipient(state, session, how)
        return [{ kind: 'group-left', topicFilter: group, sequence: waiting, recipient }]
      }
      case 12:
        // a message waits in a shared subscription once
        if (entry === undefined || state.groups.get(group)?.has(entry.sequence) === true) return []
        return [
          { kind: 'group-returned', topicFilter: group, sequence: entry.sequence },
          bare({ kind: 'delivered', session, ...entry }),
        ]
      case 13:
        return entry === undefined ? [] : [bare({ kind: 'delivered', session, ...entry })]
      default:
        return [this.#message(state, numbers, which, how)]
    }
  }

  #opened(): StoreRecord {
    const session = this.nextSession++
    const user = session % 2 === 0 ? undefined : 'someone'
    return { kind: 'session-opened', session, clientId: `c${session}`, user, expirySeconds: 60, sendQuota: 9 }
  }

  #message(state: ModelState, numbers: readonly number[], which: number, how: number): StoreRecord {
    const sessions = numbers.filter((_, index) => ((which >> index) & 1) === 1)
    const groups = groupNames.filter((_, index) => ((how >> index) & 1) === 1)
    const isForLater = how % 5 < 2
    const sequence = this.#nextSequence(isForLater ? `${sessions.join()} ${groups.join()}` : undefined)
    const recipients = sessions.map((session) => this.#recipient(state, session, how))
    return {
      kind: 'message',
      sequence,
      message: messageFor(sequence),
      publishedAtMs: 1000 + sequence,
      recipients,
      groups,
      isForLater,
    }
  }

  /** Messages for later that have the same recipients share a block; `run` is undefined for others. */
  #nextSequence(run: string | undefined): number {
    const isNext = run !== undefined && run === this.#run && this.nextSequence % MESSAGES_PER_BLOCK > 0
    if (!isNext) this.nextSequence = Math.ceil(this.nextSequence / MESSAGES_PER_BLOCK) * MESSAGES_PER_BLOCK
    this.#run = run
    return this.nextSequence++
  }

  #recipient(state: ModelState, session: number, how: number): MessageRecipient {
    const known = this.#positions.get(session) ?? 0
    const position = Math.max(known, state.sessions.get(session)?.nextPosition ?? 0)
    this.#positions.set(session, position + 1)
    const subscriptionIdentifiers = how % 4 === 0 ? [how, 7] : []
    return { session, position, qos: how % 2 === 0 ? 1 : 2, retain: how % 3 === 0, subscriptionIdentifiers }
  }
}

function bare(record: {
  readonly kind: string
  readonly session: number
  readonly position: number
  readonly sequence: number
}): StoreRecord {
  const { kind, session, position, sequence } = record
  return { kind: kind as 'delivered', session, position, sequence }
}

function subscribed(session: number, how: number): StoreRecord {
  const subscriptionIdentifier = how % 2 === 0 ? undefined : how
  return { kind: 'subscribed', session, topicFilter: `f/${how % 4}`, options: how % 3, subscriptionIdentifier }
}

function will(clientId: string, how: number): StoreRecord {
  return {
    kind: 'will',
    clientId,
    user: how % 2 === 0 ? undefined : 'someone',
    topicName: 'gone',
    qos: (how % 3) as 0 | 1 | 2,
    retain: how % 2 === 0,
    delaySeconds: how,
    properties: new Uint8Array([1, 0]),
    payload: Uint8Array.from(Buffer.from(`bye ${how}`)),
    dueAtMs: how % 2 === 0 ? Infinity : how,
  }
}
