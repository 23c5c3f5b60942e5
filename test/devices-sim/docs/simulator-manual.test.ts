import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { metrics } from '../../../devices-sim/assertions/metrics.ts'
import { operators, parseAssertion } from '../../../devices-sim/assertions/parse-assertion.ts'
import { benchKinds } from '../../../devices-sim/bench/bench-scenario.ts'
import * as library from '../../../devices-sim/index.ts'
import { parseScenario } from '../../../devices-sim/scenario/load-scenario.ts'
import { overridden } from '../../../devices-sim/scenario/override.ts'
import { createBroker } from '../../../src/index.ts'
import { scenarioWords } from './scenario-words.ts'

const manual = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8')
const words = scenarioWords()

function blocks(language: string): string[] {
  return [...manual.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] as string)
}

/** Words written as code outside of the blocks: `lost`, `{ kind: spike, by }` gives kind, spike and by. */
const coded = new Set(
  [...manual.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].flatMap(([, text = '']) => [
    text,
    ...text.split(/[\s{}:,[\]]+/),
  ]),
)

/** First cells of the table under a heading cell. */
function firstCells(heading: string): string[] {
  const rows = manual.split(`| ${heading} |`)[1]?.split('\n\n')[0]?.split('\n').slice(2) ?? []
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, word = '']) => word))
}

describe('the manual of the simulator', () => {
  it.each([
    ['`model`', words.models],
    ['`format`', words.formats],
    ['`phase`', words.phases],
    ['`how`', words.disturbances],
  ])('lists every %s there is, and no other', (heading, known) => {
    expect(firstCells(heading).toSorted()).toEqual([...known].toSorted())
  })

  it('names every anomaly, engine, operator and kind of bench', () => {
    const told = [...words.anomalies, ...words.engines, ...operators, ...benchKinds]
    expect(told.filter((word) => !coded.has(word))).toEqual([])
  })

  it('names everything that a scenario can set', () => {
    expect(words.keys.filter((key) => key !== '$schema' && !coded.has(key))).toEqual([])
  })

  it('names every metric, and none that there is not', () => {
    const told = firstCells('metric')
    const figure = /\.(min|mean|p50|p90|p999|max)$/ // of these, one of a kind is shown: p99
    const known = [...metrics.keys()].filter((name) => !figure.test(name))
    expect(told.toSorted()).toEqual(known.toSorted())
  })

  it('names every preset', () => {
    const told = Object.keys(library.presets())
    expect(told.length).toBeGreaterThan(0)
    expect(told.filter((name) => !coded.has(name))).toEqual([])
  })

  it('names what the library exports', () => {
    expect(Object.keys(library).filter((name) => !manual.includes(name))).toEqual([])
  })

  it('links only to files that exist', () => {
    const links = [...manual.matchAll(/\]\((?!http|#)([^)#]+)\)/g)].map(([, link = '']) => link)
    expect(links.length).toBeGreaterThan(1)
    for (const link of links) {
      const place = new URL(`../../../docs/${link}`, import.meta.url)
      const folder = new URL('.', place)
      const name = place.pathname.split('/').at(-1) ?? ''
      expect(readdirSync(folder), link).toContain(name)
    }
  })

  it('shows scenarios that are right, and assertions that can be read', () => {
    const scenarios = blocks('yaml').map((text) => parseScenario(text, 'simulator.md'))
    expect(scenarios.length).toBeGreaterThanOrEqual(2)
    for (const { assertions } of scenarios) {
      expect(assertions.length).toBeGreaterThan(0)
      expect(assertions.filter((text) => 'fault' in parseAssertion(text))).toEqual([])
    }
  })

  describe('on a broker', () => {
    const broker = createBroker({ listeners: [{ kind: 'tcp', port: 0 }] })
    let url = ''
    beforeAll(async () => {
      url = (await broker.listen())[0]?.url ?? ''
    })
    afterAll(() => broker.close({ graceMs: 0 }))

    it('shows a scenario that holds what it asserts', async () => {
      const scenario = overridden(parseScenario(blocks('yaml')[0] ?? '', 'simulator.md'), { url })
      const { assertions, commands, wills, run } = await library.runScenario(scenario)
      expect(assertions.filter(({ passed }) => !passed)).toEqual([])
      expect(run.ended).toBe('finished')
      expect(commands[0]?.answered).toBeGreaterThan(0)
      expect(wills.expected).toBeGreaterThan(0)
    })
  })
})
