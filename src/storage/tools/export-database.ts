import { blockOf, type StoredMessage } from '../../contracts/store.ts'
import type { EntityName } from '../log/dirty-entities.ts'
import type { FoldedState } from './export-state.ts'
import { STORE_FORMAT, writeFormat } from '../opening/format-migrations.ts'
import { beginFrame, endFrame } from '../codecs/framed-value.ts'
import { GrowingBytes } from '../codecs/growing-bytes.ts'
import type { KeyValue } from '../key-value.ts'
import { writeBlockMessage } from '../codecs/message-codec.ts'
import { OperationList } from '../log/operation-list.ts'
import { Snapshots } from '../log/snapshots.ts'
import { numberedKey, stateKey } from '../codecs/store-keys.ts'
import { newStoreSelf, type StoreSelf, writeStoreSelf } from '../codecs/store-state.ts'
import { written } from '../log/written.ts'

/** Puts messages and entities into an empty database: a log is not needed where nothing has happened yet. */
export class DatabaseWriter {
  readonly #keyValue: KeyValue
  readonly #out = new GrowingBytes()
  #operations = new OperationList()
  #pending = 0
  /** Whose value is being written; -1 for none. */
  #openBlock = -1

  constructor(keyValue: KeyValue) {
    this.#keyValue = keyValue
  }

  /** Messages of one block come one after the other. */
  async message(sequence: number, stored: StoredMessage): Promise<void> {
    const block = blockOf(sequence)
    if (block !== this.#openBlock) {
      await this.#closeBlock()
      beginFrame(this.#out)
      this.#openBlock = block
    }
    writeBlockMessage(this.#out, sequence, stored)
  }

  async #closeBlock(): Promise<void> {
    if (this.#openBlock < 0) return
    const key = numberedKey('m', this.#openBlock)
    this.#operations.put(key, endFrame(this.#out, key))
    this.#openBlock = -1
    await this.#step()
  }

  async entities(state: FoldedState): Promise<void> {
    await this.#closeBlock()
    const snapshots = new Snapshots(state, this.#out)
    for (const entity of namesOf(state)) {
      snapshots.write(this.#operations, entity)
      await this.#step()
    }
  }

  /** Written last and with a sync. */
  async finish(self: Pick<StoreSelf, 'nextSequence' | 'nextSession' | 'lastKnownMs' | 'counters'>): Promise<void> {
    await this.#closeBlock()
    beginFrame(this.#out)
    writeStoreSelf(this.#out, { ...newStoreSelf, ...self })
    this.#operations.put(stateKey, endFrame(this.#out, stateKey))
    await this.#flush(true)
    await writeFormat(this.#keyValue, this.#out, STORE_FORMAT)
  }

  async #step(): Promise<void> {
    this.#pending++
    if (this.#pending >= 1000) await this.#flush(false)
  }

  async #flush(isSync: boolean): Promise<void> {
    await written(this.#keyValue, this.#operations, isSync)
    this.#operations = new OperationList()
    this.#pending = 0
  }
}

function* namesOf(state: FoldedState): Generator<EntityName> {
  for (const key of state.sessions.keys()) yield { kind: 'session', key }
  for (const key of state.groups.keys()) yield { kind: 'group', key }
  for (const key of state.retainedMessages.keys()) yield { kind: 'retained', key }
  for (const key of state.wills.keys()) yield { kind: 'will', key }
}
