import { constants } from 'node:os'

/** Linux's number of SIGRTMIN where glibc is: 32 and 33 are its own. */
const SIGRTMIN = 34

/**
 * Calls `reopen` at SIGRTMIN where this Node.js can be taught that name: in 20 its table of signals may be added to,
 * later it is frozen. Returns whether it could. The launcher sees to it that the signal ends nobody.
 */
export function onRotationSignal(reopen: () => void): boolean {
  const { signals } = constants
  if (process.platform !== 'linux' || !Object.isExtensible(signals)) return false
  Object.assign(signals, { SIGRTMIN })
  process.on('SIGRTMIN' as NodeJS.Signals, reopen)
  return true
}
