import { nearest } from '../documents/nearest.ts'

/** Throws TypeError for a name that is none of `known`: a hook that is spelled wrong would guard nothing. */
export function checkNames(what: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    const meant = nearest(name, known)
    const hint = meant === undefined ? `there is ${known.join(', ')}` : `did you mean ${meant}?`
    throw new TypeError(`${what}: there is no ${name}; ${hint}`)
  }
}
