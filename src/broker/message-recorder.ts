import type { DurabilityLevel } from '../contracts/durability.ts'
import { blockOf, type MessageRecipient, MESSAGES_PER_BLOCK } from '../contracts/store.ts'
import type { ApplicationMessage } from '../protocol/application-message.ts'
import type { Delivery } from '../session/delivery.ts'
import type { BrokerCore } from './core.ts'
import type { Route } from './route.ts'
import type { ClientSession, SubscriptionGroup } from './types.ts'

/** A value of the store that holds several messages is not larger. */
const MAXIMUM_RUN_BYTES = 16 * 1024

const UNASKED = -2

/** What the store is to know of the message under way: gathered while it is delivered, appended once, for all. */
export class MessageRecorder {
  readonly #core: BrokerCore
  #recipients: MessageRecipient[] = []
  #waitingGroups: string[] = []
  /** The run of messages that the next one may continue: their route, their batch, their bytes. */
  #route: Route | undefined = undefined
  #runRoute: Route | undefined = undefined
  #runCommit = 0
  #runBytes = 0
  level: DurabilityLevel = 'always'
  /** As `sequence`, once somebody has asked for it: most messages need none. */
  #sequence = UNASKED
  #continues = false
  /** Somebody it is meant for is not about to get it. */
  isForLater = false
  /** The commit it lies in, also when nobody waits for that; 0 for none. */
  commit = 0

  constructor(core: BrokerCore) {
    this.#core = core
  }

  /** `sequence` when the store has the message already. */
  begin(level: DurabilityLevel, sequence = UNASKED): void {
    this.#route = this.#runRoute = undefined
    this.#continues = false
    this.isForLater = false
    this.commit = 0
    this.level = level
    this.#sequence = sequence
  }

  /** Number of the message under way; -1 when it does not go to the store. */
  get sequence(): number {
    if (this.level === 'memory') return -1
    const { journal } = this.#core
    if (this.#sequence === UNASKED) this.#sequence = this.#continues ? journal.nextSequence : journal.newBlock
    return this.#sequence
  }

  /**
   * Messages of one route that come one after the other, and that nobody is about to get, share a block of the store:
   * they will be read, and given up, together.
   */
  beginPublish(route: Route, message: ApplicationMessage, level: DurabilityLevel): void {
    const continues = route === this.#runRoute && this.#continuesRun(message)
    this.begin(level)
    this.#route = route
    this.#continues = continues
    this.#runBytes = message.payloadLength + (continues ? this.#runBytes : 0)
  }

  #continuesRun(message: ApplicationMessage): boolean {
    const { journal } = this.#core
    if (journal.commit !== this.#runCommit || journal.isAtNewBlock) return false
    return this.#runBytes + message.payloadLength <= MAXIMUM_RUN_BYTES
  }

  /** False for a session or a message that is not stored. */
  addRecipient(session: ClientSession, delivery: Delivery): boolean {
    if (!session.isDurable || delivery.qos === 0 || this.level === 'memory') return false
    this.#recipients.push({
      session: session.number,
      position: session.outbound.lastPosition,
      qos: delivery.qos,
      retain: delivery.retain,
      subscriptionIdentifiers: delivery.subscriptionIdentifiers,
    })
    return true
  }

  /** It waits in a group that is stored. */
  addWaitingGroup(group: SubscriptionGroup): void {
    this.isForLater = true
    this.#waitingGroups.push(group.filter)
  }

  /** Takes out who is stored, so that a caller can record them in its own way. */
  takeRecipients(): readonly MessageRecipient[] {
    const recipients = this.#recipients
    this.#recipients = []
    return recipients
  }

  /** Whether the store is to know of it at all. */
  get isNeeded(): boolean {
    return this.#recipients.length > 0 || this.#waitingGroups.length > 0
  }

  /** Puts the message, which owns its bytes, into the store, once for all who are owed it. Returns its commit. */
  append(message: ApplicationMessage): number {
    const { journal, time, durability } = this.#core
    const groups = this.#waitingGroups
    this.#waitingGroups = []
    const { sequence } = this
    journal.nextSequence = sequence + 1
    // in a block that others have begun it goes where they went
    const isForLater = this.isForLater || blockOf(sequence) * MESSAGES_PER_BLOCK !== sequence
    this.#runRoute = isForLater ? this.#route : undefined
    this.#runCommit = this.commit = journal.commit
    const record = {
      kind: 'message',
      sequence,
      message,
      publishedAtMs: time.nowMs,
      recipients: this.takeRecipients(),
      groups,
      isForLater,
    } as const
    if (this.level === 'always') return journal.append(record)
    journal.appendLater(record, message.byteSize, durability.intervalMs)
    return 0
  }
}
