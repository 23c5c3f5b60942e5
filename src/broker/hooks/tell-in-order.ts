import type { Awaitable } from '../../contracts/hooks.ts'
import { isPromise } from './ask-in-order.ts'
import type { HookKind, HookRegistry, Registered } from './hook-registry.ts'

/** Calls hooks that have no say, one after the other, without waiting for them. */
export function tellInOrder<Kind extends HookKind>(
  registry: HookRegistry,
  kind: Kind,
  tell: (hook: Registered<Kind>) => Awaitable<void>,
): void {
  const hooks: readonly Registered<Kind>[] = registry.of(kind) ?? []
  for (const hook of hooks) {
    try {
      const told = tell(hook)
      if (isPromise(told)) told.then(undefined, (error: unknown) => registry.failed(hook, kind, error))
    } catch (error) {
      registry.failed(hook, kind, error)
    }
  }
}
