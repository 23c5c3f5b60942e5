// One row: every arm once, then again, round by round.
import { setTimeout as wait } from 'node:timers/promises'
import { startPeer } from '../peers/start-peer.mjs'
import { isNoisy } from '../judge/noise.mjs'
import { generate } from './generator.mjs'

/** Runs of one measurement when the machine's own noise spoils it; the last is kept, and marked. */
const MOST_TRIES = 3
/** Between the pass before and the pass that counts: what the first left behind is cleared up. */
const SETTLE_MS = 1500

/**
 * Runs of a row in the order they were made. `terms`: rounds, duration, warmup, generator, baseline. A broker that
 * serves several runs is started once for the row, and warmed up by a run that does not count.
 */
export async function measureRow(row, arms, terms, tell) {
  const runs = []
  const standing = row.fresh ? new Map() : await startAll(arms, terms, tell)
  try {
    if (!row.fresh) for (const arm of arms) await warmUp(row, arm, standing.get(arm), terms)
    for (let round = 1; round <= (row.once ? 1 : terms.rounds); round++) {
      // there and back again, so that nobody is always the one after a certain other
      const order = round % 2 === 1 ? arms : arms.toReversed()
      for (const arm of order) runs.push(await settled(row, arm, standing.get(arm), { ...terms, round }, tell))
    }
  } finally {
    for (const broker of standing.values()) await broker.stop()
  }
  return runs
}

async function startAll(arms, { baseline }, tell) {
  const standing = new Map()
  for (const arm of arms) {
    try {
      standing.set(arm, await startPeer(arm.peer, { ...arm.start, baseline }))
    } catch (error) {
      tell(`${arm.name}: ${error.message}`)
    }
  }
  return standing
}

async function warmUp(row, arm, broker, { generator, duration }) {
  if (broker === undefined) return
  await generate(generator, row, arm, broker, ['--duration', String(Math.min(1, duration)), '--warmup', '0.2'])
}

/** A run that the machine did not disturb, or the last of three. */
async function settled(row, arm, broker, terms, tell) {
  for (let attempt = 1; ; attempt++) {
    const line = await run(row, arm, broker, terms)
    const noisy = isNoisy(line)
    if (noisy && attempt < MOST_TRIES && line.error === undefined) continue
    tell(`${row.name}, round ${terms.round}, ${arm.name}: ${brief(row, line)}${noisy ? '  noisy' : ''}`)
    return { arm: arm.name, peer: arm.peer, round: terms.round, tries: attempt, noisy, line }
  }
}

async function run(row, arm, broker, terms) {
  if (!row.fresh) return broker === undefined ? { error: 'it did not start' } : measured(row, arm, broker, terms)
  let own
  try {
    own = await startPeer(arm.peer, { ...arm.start, baseline: terms.baseline })
    return await measured(row, arm, own, terms)
  } catch (error) {
    return { error: error.message }
  } finally {
    await own?.stop()
  }
}

async function measured(row, arm, broker, { generator, duration, warmup }) {
  const flags = row.script === undefined ? ['--duration', String(duration), '--warmup', String(warmup)] : []
  if (row.before === undefined) return generate(generator, row, arm, broker, flags)
  const first = await generate(generator, row, arm, broker, [...flags, ...row.before])
  if (first.error !== undefined) return first
  await wait(SETTLE_MS)
  return { ...(await generate(generator, row, arm, broker, flags)), first }
}

function brief(row, line) {
  if (line.error !== undefined) return `failed: ${line.error}`
  const { key, title } = row.metrics[0]
  const value = key.split('.').reduce((part, name) => part?.[name], line)
  return `${value} ${title}`
}
