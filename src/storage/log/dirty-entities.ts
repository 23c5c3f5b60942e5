import type { StoreRecord } from '../../contracts/store.ts'

/** Something that is kept whole, and what it is known by. */
export type EntityName =
  | { readonly kind: 'session'; readonly key: number }
  | { readonly kind: 'group' | 'retained' | 'will'; readonly key: string }

export type DirtyEntity = EntityName & { readonly since: number }

/**
 * Entities that records were written about since they were written themselves, each with the first of those commits.
 * A map keeps the order of insertion, so each is sorted by since when: the first is the oldest.
 */
export class DirtyEntities {
  readonly #sessions = new Map<number, number>()
  readonly #groups = new Map<string, number>()
  readonly #retained = new Map<string, number>()
  readonly #wills = new Map<string, number>()

  /** Notes what a record of `commit` is about. Called in the order of commits. */
  touch(record: StoreRecord, commit: number): void {
    switch (record.kind) {
      case 'message':
        for (const { session } of record.recipients) note(this.#sessions, session, commit)
        for (const group of record.groups) note(this.#groups, group, commit)
        return
      case 'group-left':
        if (record.recipient !== undefined) note(this.#sessions, record.recipient.session, commit)
        return note(this.#groups, record.topicFilter, commit)
      case 'group-returned':
        return note(this.#groups, record.topicFilter, commit)
      case 'retained':
      case 'retained-cleared':
        return note(this.#retained, record.topicName, commit)
      case 'will':
      case 'will-cleared':
        return note(this.#wills, record.clientId, commit)
      default:
        return note(this.#sessions, record.session, commit)
    }
  }

  get isEmpty(): boolean {
    return this.oldest === Infinity
  }

  /** The commit from which on the log is needed; Infinity when nothing is dirty. */
  get oldest(): number {
    return Math.min(first(this.#sessions), first(this.#groups), first(this.#retained), first(this.#wills))
  }

  /** Oldest first. */
  *inOrder(): Generator<DirtyEntity> {
    const heads = [
      new Head('session', this.#sessions),
      new Head('group', this.#groups),
      new Head('retained', this.#retained),
      new Head('will', this.#wills),
    ]
    for (;;) {
      const head = heads.reduce((oldest, other) => (other.since < oldest.since ? other : oldest))
      if (head.since === Infinity) return
      // each kind has the keys of its own map
      yield { kind: head.kind, key: head.key, since: head.since } as DirtyEntity
      head.step()
    }
  }

  /** It has been written whole. */
  clean({ kind, key }: EntityName): void {
    if (kind === 'session') this.#sessions.delete(key)
    else if (kind === 'group') this.#groups.delete(key)
    else if (kind === 'retained') this.#retained.delete(key)
    else this.#wills.delete(key)
  }

  clear(): void {
    for (const map of [this.#sessions, this.#groups, this.#retained, this.#wills]) map.clear()
  }

  /** An entity that is to be written whatever records say. */
  add({ kind, key }: EntityName, commit: number): void {
    if (kind === 'session') note(this.#sessions, key, commit)
    else if (kind === 'group') note(this.#groups, key, commit)
    else if (kind === 'retained') note(this.#retained, key, commit)
    else note(this.#wills, key, commit)
  }
}

/** Where the going through of one map stands. */
class Head {
  readonly kind: EntityName['kind']
  readonly #entries: Iterator<[number | string, number]>
  key: number | string = ''
  since = Infinity

  constructor(kind: EntityName['kind'], map: ReadonlyMap<number | string, number>) {
    this.kind = kind
    this.#entries = map.entries()
    this.step()
  }

  step(): void {
    const next = this.#entries.next()
    if (next.done === true) this.since = Infinity
    else [this.key, this.since] = next.value
  }
}

function note<K>(map: Map<K, number>, key: K, commit: number): void {
  if (!map.has(key)) map.set(key, commit)
}

function first(map: ReadonlyMap<unknown, number>): number {
  for (const since of map.values()) return since
  return Infinity
}
