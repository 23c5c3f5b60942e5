import type { Log } from '../../contracts/log.ts'
import type { KeyValue } from '../key-value.ts'
import { OperationList } from '../log/operation-list.ts'
import { damagedKey, keyText } from '../codecs/store-keys.ts'
import { written } from '../log/written.ts'

/** What each kind of value costs when it is lost, by the first letter of its key. */
const COST: Readonly<Record<string, string>> = {
  c: 'what happened in them is lost, and what was acknowledged before or after may come twice',
  m: 'they will not be delivered',
  s: 'these sessions are lost, and their clients begin anew',
  q: 'what was queued in them is lost',
  g: 'what waited there for members of a shared subscription is lost',
  r: 'these retained messages are lost',
  w: 'these wills will not be published',
}

const NAME: Readonly<Record<string, string>> = {
  c: 'commits',
  m: 'messages',
  s: 'sessions',
  q: 'parts of queues',
  g: 'queues of shared subscriptions',
  r: 'retained messages',
  w: 'wills',
}

/** Names listed in a sentence; all are in the log. */
const MOST_NAMED = 5

/** Gathers what an opening finds damaged: logs each value, sets it aside, and sums up in sentences. */
export class DamageReport {
  readonly #log: Log
  readonly #keys = new Map<string, string[]>()
  readonly #sentences: string[] = []
  #operations = new OperationList()
  /** Values whose checksum was wrong, or that could not be read. */
  values = 0

  constructor(log: Log) {
    this.#log = log
  }

  get isEmpty(): boolean {
    return this.#sentences.length === 0 && this.#keys.size === 0
  }

  /** A value that is not what was written. It goes to `damaged|KEY`. */
  value(key: Uint8Array, value: Uint8Array | undefined, fault: Error): void {
    const name = keyText(key)
    this.values++
    this.#log.error({ key: name, fault: fault.message }, 'a value in the data directory is damaged; it is set aside')
    const kind = name[1] === '|' ? (name[0] as string) : 'meta'
    const keys = this.#keys.get(kind)
    if (keys === undefined) this.#keys.set(kind, [name])
    else keys.push(name)
    this.setAside(key, value)
  }

  /** A block of a file that could not be read, with however many values. */
  unreadable(fault: Error): void {
    this.values++
    this.#log.error({ fault: fault.message }, 'part of the data directory could not be read')
    this.#sentences.push(`Part of the data directory could not be read and is skipped: ${fault.message}.`)
  }

  say(sentence: string, fields: object): void {
    this.#log.error(fields, sentence)
    this.#sentences.push(sentence)
  }

  setAside(key: Uint8Array, value: Uint8Array | undefined): void {
    if (value !== undefined) this.#operations.put(damagedKey(key), value)
    this.#operations.delete(key)
  }

  /** A value that nothing refers to. */
  drop(key: Uint8Array): void {
    this.#operations.delete(key)
  }

  /** Moves what was set aside so far, once that is much. A full disk is no reason not to start. */
  async flush(db: KeyValue, leastBytes: number): Promise<void> {
    const operations = this.#operations
    if (operations.keys.length === 0 || operations.byteSize < leastBytes) return
    this.#operations = new OperationList()
    await written(db, operations, true).catch((error: Error) => {
      this.#log.warn({ error: error.message }, 'damaged values could not be set aside and are left where they are')
    })
  }

  get sentences(): readonly string[] {
    return [...this.#sentences, ...[...this.#keys].map(sentenceOf)]
  }
}

function sentenceOf([kind, keys]: readonly [string, readonly string[]]): string {
  const named = keys.slice(0, MOST_NAMED).join(', ')
  const more = keys.length > MOST_NAMED ? ` and ${keys.length - MOST_NAMED} more` : ''
  const cost = COST[kind] ?? 'it is made anew from the rest'
  return `${keys.length} damaged ${NAME[kind] ?? 'values'} (${named}${more}) were set aside: ${cost}.`
}
