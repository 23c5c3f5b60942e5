import { afterAll, describe, expect, it } from 'vitest'
import { releaseClients } from '../../support/wire-client.ts'
import { confCase } from './conf-cases.ts'
import { probe } from './conf-probe.ts'
import { absence, sayWhyAbsent } from './debian-mosquitto.ts'
import { findings, told, unusedRows } from './outcome.ts'
import { both, removeDirectories, startPair } from './pair.ts'

const confCount = Number(process.env['TOPIARY_TEST_CONFS'] ?? 100)
const inOneTest = 10
const firstSeed = Number(process.env['TOPIARY_TEST_SEED'] ?? 20261121)
const groups = Array.from({ length: confCount / inOneTest }, (_, group) => firstSeed + group * inOneTest)

sayWhyAbsent("conf files beside Debian's mosquitto")

describe.skipIf(absence !== undefined)("generated conf files, beside Debian's mosquitto", () => {
  afterAll(async () => {
    removeDirectories()
    await releaseClients().catch(() => undefined) // what a broker did wrong is in the outcomes
  })

  it.each(groups)(`do the same, seeds %i and the next ${inOneTest - 1}`, async (start) => {
    const seeds = Array.from({ length: inOneTest }, (_, index) => start + index)
    const found: string[] = []
    // most of the time goes by in waiting for one another
    const work = async (): Promise<void> => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) found.push(...(await compared(seed)))
    }
    await Promise.all([work(), work(), work()])
    expect(found).toEqual([])
  })

  it('need every row of the table of differences', () => {
    expect(unusedRows('conf')).toEqual([])
  })
})

async function compared(seed: number): Promise<string[]> {
  const { files, bad = 'good values' } = confCase(seed)
  const pair = await startPair(files)
  try {
    const refusals = [pair.mosquitto.refusal, pair.topiary.refusal] as const
    const [theirs, ours] = refusals.map((refusal) => ({ [`starts with ${bad}`]: refusal === undefined }))
    const of = { seed, conf: files.conf, refusals }
    const whether = told(findings('conf', [theirs ?? {}, ours ?? {}], files.conf), of)
    if (refusals.some((refusal) => refusal !== undefined)) return whether
    return [...whether, ...told(findings('conf', await both(pair, probe), files.conf), of)]
  } finally {
    await pair.stop()
  }
}
