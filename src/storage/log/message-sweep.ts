import { blockOf } from '../../contracts/store.ts'
import type { KeyValue } from '../key-value.ts'
import { numberIn, rangeOf } from '../codecs/store-keys.ts'
import type { StoreLedger } from './store-ledger.ts'

/**
 * Finds messages on disk that nobody is owed, and has them given up a slice at a time. `proceed` is called after each
 * chunk and answers whether to go on.
 */
export async function sweepMessages(db: KeyValue, ledger: StoreLedger, proceed: () => boolean): Promise<void> {
  // what is appended from now on is accounted for
  const end = blockOf(ledger.nextSequence)
  let isWhole = true
  for await (const chunk of db.entries(rangeOf('m'), () => (isWhole = false))) {
    const unowed = chunk.map(([key]) => numberIn(key)).filter((number) => number < end && !ledger.owed.has(number))
    if (unowed.length > 0) ledger.releases.push({ numbers: unowed, at: 0, isSweep: true })
    if (!proceed()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (!isWhole) return
  ledger.isSweepDue = false
  ledger.isSelfChanged = true
  proceed()
}
