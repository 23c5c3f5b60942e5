import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readFlags, UsageError } from '../../bench/cli/flags.mjs'
import { type Line, median, medianOf, ratioOf, type Run, valueOf } from '../../bench/judge/figures.mjs'
import { judgeTarget } from '../../bench/judge/judge-target.mjs'
import { faultsOf, isNoisy } from '../../bench/judge/noise.mjs'
import { summarizeRow } from '../../bench/judge/summarize-row.mjs'
import { peers } from '../../bench/peers/peers.mjs'
import { htmlPage } from '../../bench/report/html-page.mjs'
import { groups, type Row, rows, selectRows } from '../../bench/rows.mjs'
import { planRows } from '../../bench/runs/plan.mjs'
import { loadSettings } from '../../src/settings/load-settings.ts'

const key = 'us_per_msg'

/** Runs of an arm, one figure a round. */
function runsOf(arm: string, figures: readonly (number | Line)[]): Run[] {
  return figures.map((figure, index) => ({
    arm,
    peer: arm.split(',')[0] as string,
    round: index + 1,
    noisy: false,
    line: typeof figure === 'number' ? { [key]: figure } : figure,
  }))
}

describe('figures', () => {
  test.each([
    { numbers: [], middle: undefined },
    { numbers: [3], middle: 3 },
    { numbers: [10, 9, 1], middle: 9 },
    { numbers: [4, 100, 2, 1], middle: 3 },
  ])('the median of $numbers is $middle', ({ numbers, middle }) => {
    expect(median(numbers)).toBe(middle)
  })

  test('a dotted key reaches into a line, and what is no number is nothing', () => {
    const line = { lat_us: { p99: 7 }, label: 'x', broken: Number.NaN }
    expect(valueOf(line, 'lat_us.p99')).toBe(7)
    for (const other of ['lat_us', 'lat_us.p50', 'none.at.all', 'label', 'broken'])
      expect(valueOf(line, other)).toBeUndefined()
  })

  test('a ratio is the median of the rounds, so that a slow round is in both of its halves', () => {
    const runs = [...runsOf('topiary', [1, 10, 2]), ...runsOf('mosquitto', [10, 100, 10])]
    expect(ratioOf(runs, key, 'topiary', 'mosquitto')).toBe(0.1)
  })

  test('a round in which either failed, or the divisor is 0, is in no ratio', () => {
    const failed = { error: 'no answer', [key]: 1 }
    const runs = [...runsOf('topiary', [5, failed, 3, 3]), ...runsOf('mosquitto', [failed, 6, 6, 0])]
    expect(ratioOf(runs, key, 'topiary', 'mosquitto')).toBe(0.5)
    expect(medianOf(runs, 'topiary', key)).toBe(3)
    expect(ratioOf(runs, key, 'topiary', 'nobody')).toBeUndefined()
  })
})

describe('judgement', () => {
  const runs = [
    ...runsOf('topiary', [1]),
    ...runsOf('topiary, many', [3]),
    ...runsOf('floor', [1]),
    ...runsOf('floor, many', [2]),
  ]
  const growth = { arm: 'floor, many', of: 'floor' }

  test.each([
    { target: { arm: 'topiary, many', of: 'topiary', most: 3 }, verdict: 'met' },
    { target: { arm: 'topiary, many', of: 'topiary', most: 2.99 }, verdict: 'missed' },
    { target: { arm: 'topiary, many', most: 3 }, verdict: 'met' },
    { target: { arm: 'topiary, many', most: 2.9 }, verdict: 'missed' },
    { target: { arm: 'topiary, many', of: 'topiary', most: 1.5, timesGrowth: growth }, verdict: 'met' },
    { target: { arm: 'topiary, many', of: 'topiary', most: 1.4, timesGrowth: growth }, verdict: 'missed' },
    { target: { arm: 'topiary', of: 'mosquitto', most: 1 }, verdict: 'not measured' },
    { target: { arm: 'topiary', most: 1, timesGrowth: { arm: 'floor', of: 'nobody' } }, verdict: 'not measured' },
  ])('$target is $verdict', ({ target, verdict }) => {
    expect(judgeTarget(target, runs, key).verdict).toBe(verdict)
  })

  test('stolen cores make a run noisy, in either pass', () => {
    expect(isNoisy({ stolen_cores: 0.3 })).toBe(false)
    expect(isNoisy({ stolen_cores: 0.31 })).toBe(true)
    expect(isNoisy({ stolen_cores: 0, first: { stolen_cores: 1 } })).toBe(true)
    expect(isNoisy({ error: 'no answer' })).toBe(false)
  })

  test('lost, extra and reordered messages are faults, and so are errors and the pass before', () => {
    expect(faultsOf({ lost: 0, extra: 0, disorder: 0, stalls: 4 })).toEqual([])
    expect(faultsOf({ lost: 2, extra: 1, disorder: 3, missing: -4, refused: 5 })).toEqual([
      '2 lost',
      '1 extra',
      '3 disorder',
      '-4 missing',
      '5 refused',
    ])
    expect(faultsOf({ lost: 0, first: { lost: 7 } })).toEqual(['7 lost'])
    expect(faultsOf({ error: 'timeout', lost: 1 })).toEqual(['timeout'])
  })
})

function limitsOf(name: string): number[] {
  const metrics = selectRows('table', [name]).flatMap((row) => row.metrics)
  return metrics.flatMap(({ targets }) => targets.map(({ most }) => most))
}

describe('rows', () => {
  const targets = rows.flatMap((row) =>
    row.metrics.flatMap((metric) => metric.targets.map((target) => ({ row, target }))),
  )

  test('have names of their own, a known group, and something to measure', () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
    for (const row of rows) {
      expect(groups).toContain(row.group)
      expect(row.metrics.length).toBeGreaterThan(0)
      expect([row.scenario, row.script].filter((one) => one !== undefined)).toHaveLength(1)
    }
  })

  test('have arms of their own name and a known peer, and each arm of Topiary is called so', () => {
    for (const { name, arms } of rows) {
      expect(new Set(arms.map((arm) => arm.name)).size, name).toBe(arms.length)
      for (const arm of arms) expect(Object.keys(peers), name).toContain(arm.peer)
      for (const arm of arms) expect(arm.name.startsWith(arm.peer), `${name}: ${arm.name}`).toBe(true)
    }
  })

  test('hold arms that they have against arms that they have', () => {
    for (const { row, target } of targets) {
      const arms = row.arms.map(({ name }) => name)
      const named = [target.arm, target.of, target.timesGrowth?.arm, target.timesGrowth?.of]
      for (const name of named) if (name !== undefined) expect(arms, row.name).toContain(name)
      expect(target.most, row.name).toBeGreaterThanOrEqual(target.of === undefined ? 0 : 0.01)
      expect(target.of).not.toBe(target.arm)
    }
  })

  test('judge Topiary, and nobody else', () => {
    for (const { row, target } of targets) {
      expect(row.arms.find(({ name }) => name === target.arm)?.peer, row.name).toBe('topiary')
    }
  })

  test('of the table have the targets that were promised', () => {
    const promised: Readonly<Record<string, readonly number[]>> = {
      'pairs-q0': [0.09],
      'pairs-q1': [0.07],
      'pairs-q2': [0.06],
      'fanin-q0': [0.14],
      'fanin-q1': [0.08],
      'fanin-q2': [0.06],
      'fanout-q0': [0.07],
      'fanout-q1': [0.08],
      'fanout-q2': [0.06],
      'fanout1000-q0': [0.17],
      'fanout1000-q1': [0.17],
      'fixed-q0': [1.3, 1.5, 1.5],
      'fixed-q1': [1.3, 1.5, 1.5],
      'fixed-q2': [2, 1.5, 1.5],
      connect: [1.6, 1.6],
      retained: [0.24, 0.45, 1.1],
      filters: [1, 1.3, 0.29],
    }
    expect(Object.fromEntries(Object.keys(promised).map((name) => [name, limitsOf(name)]))).toEqual(promised)
    expect(selectRows('table', []).map(({ name }) => name)).toEqual(Object.keys(promised))
  })

  test('are chosen by name or by group, and a wrong name is told', () => {
    expect(selectRows('table', ['growth-retained', 'pairs-q1']).map(({ name }) => name)).toEqual([
      'growth-retained',
      'pairs-q1',
    ])
    expect(selectRows('all', [])).toHaveLength(rows.length)
    expect(() => selectRows('table', ['pairs-q3'])).toThrow('there is no row pairs-q3')
  })

  test('are planned with the peers that are here, a baseline beside each arm of Topiary', () => {
    const told: string[] = []
    const plan = planRows(selectRows('all', ['growth-idle-q0', 'fixed-q0']), ['topiary', 'baseline'], 'c', (text) => {
      told.push(text)
    })
    expect(plan.map(({ arms }) => arms.map(({ name }) => name.split(',')[0]))).toEqual([
      ['topiary', 'baseline', 'topiary', 'baseline', 'topiary', 'baseline'],
      ['topiary', 'baseline'],
    ])
    expect(told).toEqual([])
    expect(planRows(selectRows('all', ['fixed-q0']), ['topiary'], 'sim', (text) => void told.push(text))).toEqual([])
    expect(told[0]).toContain('fixed-q0: skipped')
  })
})

test('what Topiary is started with are settings that it takes', () => {
  const directory = mkdtempSync(join(tmpdir(), 'topiary-bench-test-'))
  try {
    for (const settings of ['rules', 'small-queues', 'many-retained']) {
      const command = peers['topiary']?.command({ port: 1, otherPort: 2, directory, settings }) ?? []
      const file = command[command.indexOf('--config') + 1]
      const loaded = loadSettings({ file, environment: {} })
      if (settings === 'rules') expect(loaded.settings.rights?.rules).toHaveLength(200)
      else if (settings === 'many-retained') expect(loaded.settings.limits.maximumRetainedMessages).toBe(2_000_000)
      else expect(loaded.settings.limits.maximumOutboxBytesTotal).toBe(64 * 2 ** 20)
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
})

describe('flags', () => {
  test('have defaults', () => {
    expect(readFlags([])).toMatchObject({ rows: [], group: 'table', rounds: 5, duration: 2, generator: undefined })
  })

  test.each([
    [['--rounds', '0'], '--rounds 0 is no whole number from 1 to 100'],
    [['--rounds', '1.5'], '--rounds 1.5 is no whole number from 1 to 100'],
    [['--duration', 'x'], '--duration x is no number from 0.1 to 600'],
    [['--group', 'tables'], '--group tables is not known; give one of table, variants, growth, durable, all'],
    [['--peers', 'topiary,emqx'], '--peers emqx is not known'],
    [['--generator', 'rust'], '--generator rust is not known; give one of c, sim'],
    [['--baseline', '/nowhere'], '--baseline /nowhere has no dist/src/main.js; run npm run build there first'],
    [['--out', '../x'], '--out ../x is no plain file name'],
    [['--rowss', 'x'], "Unknown option '--rowss'; --help names the flags"],
    [['pairs'], '--help names the flags'],
  ])('%s is refused', (words, message) => {
    expect(() => readFlags(words)).toThrow(UsageError)
    expect(() => readFlags(words)).toThrow(message)
  })
})

describe('the page', () => {
  const row: Row = {
    name: 'a"b',
    group: 'table',
    title: '<script>alert(1)</script>',
    flags: [],
    scenario: 'pairs',
    arms: [
      { name: "topiary <i>'", peer: 'topiary' },
      { name: 'mosquitto', peer: 'mosquitto' },
    ],
    metrics: [{ key, title: 'A & B', unit: 'us', targets: [{ arm: "topiary <i>'", of: 'mosquitto', most: 0.1 }] }],
  }
  const fault = { error: '<b>broken</b>' }
  const summary = summarizeRow(row, [...runsOf("topiary <i>'", [1, 2, 3, fault]), ...runsOf('mosquitto', [10, 10, 10])])
  const run = {
    date: '2026-11-21',
    command: 'npm run bench -- --row "<x>"',
    machine: '2 x CPU <fast>',
    terms: '5 rounds',
    commit: '<abc>',
    versions: { mosquitto: '<2.0>' },
  }
  const page = htmlPage(run, [{ summary, run }])

  test('escapes whatever text it shows', () => {
    const tags = new Set([...page.matchAll(/<\/?([a-z0-9]+)/gi)].map((match) => match[1]))
    for (const foreign of ['script', 'i', 'x', 'fast', 'abc', 'broken']) expect(tags).not.toContain(foreign)
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(page).toContain('&lt;b&gt;broken&lt;/b&gt;')
    expect(page).toContain('A &amp; B')
    expect(page).toContain('id="a&quot;b"')
  })

  test('needs nothing from elsewhere', () => {
    expect(page).not.toMatch(/<(script|link|img|iframe)|https?:|@import|url\(/)
  })

  test('shows the figures, the verdict, and bars as long as they are worth', () => {
    expect(page).toContain('0 targets met, 1 missed, 0 not measured')
    expect(page).toContain('0.2, target &lt;= 0.1 of mosquitto: missed')
    expect(page).toContain('<rect class="ours" width="20.00%"')
    expect(page).toContain('<rect class="other" width="100.00%"')
  })
})
