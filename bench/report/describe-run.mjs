import { spawnSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { peers } from '../peers/peers.mjs'
import { root } from '../root.mjs'

/** What a reader needs to repeat a run: when, on what, which versions, with which words. */
export function describeRun(found, { rounds, duration, warmup, generator, baseline }, words) {
  const { stdout } = spawnSync('git', ['-C', root, 'rev-parse', 'HEAD'], { encoding: 'utf8' })
  const noBaseline = baseline === undefined
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench', ...(words.length > 0 ? ['--', ...words] : [])].join(' '),
    machine: `${cpus().length} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}`,
    terms: `${rounds} round${rounds === 1 ? '' : 's'} of ${duration} s after ${warmup} s, generator ${generator}`,
    commit: (stdout ?? '').trim(),
    versions: Object.fromEntries([
      ['Node', process.version],
      ...found
        .filter((name) => name !== 'baseline' || !noBaseline)
        .map((name) => [name, peers[name].version({ baseline })]),
    ]),
  }
}
