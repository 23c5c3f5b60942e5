import type { Hooks } from '../../contracts/hooks.ts'
import type { Log } from '../../contracts/log.ts'

export type HookKind = Exclude<keyof Hooks, 'name'>

export type Registered<Kind extends HookKind> = Hooks & Required<Pick<Hooks, Kind>>

type HooksByKind = { [Kind in HookKind]?: readonly Registered<Kind>[] }

/** The hooks by kind. A kind nobody registered is undefined, and that is all its absence costs. */
export class HookRegistry {
  readonly #log: Log
  #all: readonly Hooks[] = []
  #byKind: HooksByKind = {}
  /** Read for every message. */
  hasOnPublish = false
  hasOnDeliver = false
  /** Grows when hooks come or go: answers about rights may differ from then on. */
  changes = 0

  constructor(log: Log) {
    this.#log = log
  }

  /** Those of one kind, in order. */
  of<Kind extends HookKind>(kind: Kind): HooksByKind[Kind] {
    return this.#byKind[kind]
  }

  /** Adds hooks behind those that are there. Returns how to take them away. */
  add(hooks: Hooks): () => void {
    this.#set([...this.#all, hooks])
    return () => this.#set(this.#all.filter((other) => other !== hooks))
  }

  /** A hook threw, or rejected. */
  failed(hooks: Hooks, kind: HookKind, error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#log.error({ hook: kind, name: hooks.name, error: detail }, 'a hook failed')
  }

  #set(all: readonly Hooks[]): void {
    this.#all = all
    this.#byKind = {}
    for (const kind of kinds) {
      const ofKind = all.filter((hooks) => hooks[kind] !== undefined)
      if (ofKind.length > 0) Object.assign(this.#byKind, { [kind]: ofKind })
    }
    this.hasOnPublish = this.#byKind.onPublish !== undefined
    this.hasOnDeliver = this.#byKind.onDeliver !== undefined
    this.changes++
  }
}

const kinds: readonly HookKind[] = [
  'authenticate',
  'authorizePublish',
  'authorizeSubscribe',
  'onConnect',
  'onDisconnect',
  'onSubscribe',
  'onPublish',
  'onDeliver',
  'onDrop',
]
