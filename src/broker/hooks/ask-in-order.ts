import type { Awaitable } from '../../contracts/hooks.ts'

/**
 * Asks one after the other until one has an answer other than undefined, and calls `then` with it: at once when all of
 * them answer at once, later when one does not. `failed` turns a throw or a rejection into an answer.
 *
 * Nobody stands above a late answer: when `then` throws, `failed` is given a LateFault, and `then` its answer.
 */
export function askInOrder<Hook, Answer>(
  hooks: readonly Hook[],
  ask: (hook: Hook) => Awaitable<Answer | undefined>,
  failed: (hook: Hook, error: unknown) => Answer | undefined,
  then: (answer: Answer | undefined) => void,
  from = 0,
): void {
  for (let index = from; index < hooks.length; index++) {
    const hook = hooks[index] as Hook
    let answer: Awaitable<Answer | undefined>
    try {
      answer = ask(hook)
    } catch (error) {
      answer = failed(hook, error)
    }
    if (isPromise(answer)) {
      const goOn = (late: Answer | undefined): void => {
        if (late === undefined) askInOrder(hooks, ask, failed, then, index + 1)
        else then(late)
      }
      const settled = Promise.resolve(answer).then(goOn, (error: unknown) => goOn(failed(hook, error)))
      settled
        .catch((error: unknown) => then(failed(hook, new LateFault(error))))
        .catch((error: unknown) => void failed(hook, new LateFault(error)))
      return
    }
    if (answer !== undefined) {
      then(answer)
      return
    }
  }
  then(undefined)
}

/** What a late answer led to went wrong; `cause` is what was thrown. */
export class LateFault extends Error {
  constructor(cause: unknown) {
    super('what a late answer led to went wrong', { cause })
  }
}

/** Whether an answer is still to come. */
export function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value
}
