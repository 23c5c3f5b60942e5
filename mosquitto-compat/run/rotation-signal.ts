import { constants } from 'node:os'

/** Linux's number of SIGRTMIN, as glibc and musl leave it to programs (32 and 33 are their own; musl keeps 34 too). */
const SIGRTMIN = 34

/**
 * Calls `reopen` at SIGRTMIN where this Node.js can be taught that name: up to 22 its table of signals may be added to,
 * later it is frozen. Returns whether it could. The launcher sees to it that the signal ends nobody.
 */
export function onRotationSignal(reopen: () => void): boolean {
  const { signals } = constants
  if (process.platform !== 'linux' || Object.isFrozen(signals) || !Object.isExtensible(signals)) return false
  Object.assign(signals, { SIGRTMIN })
  process.on('SIGRTMIN' as NodeJS.Signals, reopen)
  return true
}
