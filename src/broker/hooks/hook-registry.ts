import type { Hooks } from '../../contracts/hooks.ts'
import type { Log } from '../../contracts/log.ts'
import { LateFault } from './ask-in-order.ts'

export type HookKind = Exclude<keyof Hooks, 'name'>

export type Registered<Kind extends HookKind> = Hooks & Required<Pick<Hooks, Kind>>

interface Registration {
  readonly hooks: Hooks
}

type HooksByKind = { [Kind in HookKind]?: readonly Registered<Kind>[] }

/** The hooks by kind. A kind nobody registered is undefined, and that is all its absence costs. */
export class HookRegistry {
  readonly #log: Log
  readonly #faulted: (error: unknown) => void
  #all: readonly Registration[] = []
  #byKind: HooksByKind = {}
  /** Read for every message. */
  hasOnPublish = false
  hasOnDeliver = false
  /** Grows when hooks come or go: answers about rights may differ from then on. */
  changes = 0

  /** `faulted` is told of what went wrong behind a late answer, which is no fault of the hook. */
  constructor(log: Log, faulted?: (error: unknown) => void) {
    this.#log = log
    this.#faulted = faulted ?? ((error) => log.error({ error: detailOf(error) }, 'a fault behind a hook'))
  }

  /** Those of one kind, in order. */
  of<Kind extends HookKind>(kind: Kind): HooksByKind[Kind] {
    return this.#byKind[kind]
  }

  /** Adds hooks behind those that are there. Returns how to take them away. */
  add(hooks: Hooks): () => void {
    const registration = { hooks } // the same hooks may be added twice
    this.#set([...this.#all, registration])
    return () => this.#set(this.#all.filter((other) => other !== registration))
  }

  /** A hook threw, or rejected, or what its late answer led to did. */
  failed(hooks: Hooks, kind: HookKind, error: unknown): void {
    if (error instanceof LateFault) this.#faulted(error.cause)
    else this.#log.error({ hook: kind, name: hooks.name, error: detailOf(error) }, 'a hook failed')
  }

  #set(all: readonly Registration[]): void {
    this.#all = all
    this.#byKind = {}
    for (const kind of hookKinds) {
      const ofKind = all.map(({ hooks }) => hooks).filter((hooks) => hooks[kind] !== undefined)
      if (ofKind.length > 0) Object.assign(this.#byKind, { [kind]: ofKind })
    }
    this.hasOnPublish = this.#byKind.onPublish !== undefined
    this.hasOnDeliver = this.#byKind.onDeliver !== undefined
    this.changes++
  }
}

function detailOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

export const hookKinds: readonly HookKind[] = [
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
