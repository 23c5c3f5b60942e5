import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createLiveView } from '../../../devices-sim/report/live-view.ts'
import type { Progress } from '../../../devices-sim/report/run-report.ts'
import { terminalScreen, visible, withoutSequences } from './terminal-screen.ts'

const progress: Progress = {
  elapsedSeconds: 9.3,
  plannedSeconds: 20,
  phase: 'hold',
  connected: 1000,
  wanted: 1000,
  sent: 18_400,
  sentPerSecond: 2000,
  received: 36_800,
  receivedPerSecond: 4000,
  discarded: 0,
  duplicates: 0,
  lostConnections: 0,
  p50Ms: 0.82,
  p99Ms: 3.44,
  isSaturated: false,
}

function view(terminal: { isTTY?: boolean; columns?: number }, environment: Record<string, string> = {}) {
  const writes: string[] = []
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      writes.push(chunk.toString())
      done()
    },
  })
  return { writes, output, terminal, live: createLiveView({ output, terminal, environment }) }
}

describe('the live view on a terminal', () => {
  it('shows phase, time, rates and latencies', () => {
    const { writes, live } = view({ isTTY: true, columns: 100 })
    live.show(progress)
    expect(terminalScreen(writes.join(''))).toEqual([
      `hold  [${'#'.repeat(19)}${'-'.repeat(21)}]   46%  9 s of 20 s`,
      'connected 1,000 of 1,000',
      'sent 18,400 (2,000/s)   received 36,800 (4,000/s)',
      'p50 0.82 ms   p99 3.44 ms',
      'discarded 0   duplicates 0   connections lost 0',
      '',
    ])
  })

  it('goes back over what it drew, in one write, without clearing first', () => {
    const { writes, live } = view({ isTTY: true, columns: 100 })
    live.show(progress)
    live.show({ ...progress, phase: 'spike' })
    expect(writes).toHaveLength(2)
    expect(visible(writes[1] ?? '')).toMatch(/^<cr><esc>\[5A<esc>\[1mspike /)
    expect(writes[1]).not.toContain('\u001b[2J')
  })

  it('leaves nothing of a longer drawing behind', () => {
    const { writes, live } = view({ isTTY: true, columns: 100 })
    live.show({ ...progress, isSaturated: true, sent: 123_456_789 })
    live.show({ ...progress, plannedSeconds: 0, phase: 'a' })
    const fresh = view({ isTTY: true, columns: 100 })
    fresh.live.show({ ...progress, plannedSeconds: 0, phase: 'a' })
    expect(terminalScreen(writes.join(''))).toEqual(terminalScreen(fresh.writes.join('')))
  })

  it('hides the cursor once and gives it back once', () => {
    const { writes, live } = view({ isTTY: true, columns: 100 })
    live.show(progress)
    live.show(progress)
    live.end()
    live.end()
    live.show(progress)
    const all = writes.join('')
    expect(all.split('\u001b[?25l')).toHaveLength(2)
    expect(all.split('\u001b[?25h')).toHaveLength(2)
    expect(all.endsWith('\u001b[?25h')).toBe(true)
  })

  it('leaves the cursor alone when nothing was drawn', () => {
    const { writes, live } = view({ isTTY: true, columns: 100 })
    live.end()
    expect(writes).toEqual([])
  })

  it.each([20, 30, 40, 60, 79, 80, 120])('has no line wider than a terminal of %i columns', (columns) => {
    const { writes, live } = view({ isTTY: true, columns })
    live.show({ ...progress, isSaturated: true, sent: 123_456_789, phase: 'a-long-name-of-a-phase' })
    const widths = withoutSequences(writes.join(''))
      .split('\n')
      .map((line) => line.length)
    expect(Math.max(...widths)).toBeLessThan(columns)
  })

  it('goes back over lines that a narrower terminal broke in two', () => {
    const { writes, live, terminal } = view({ isTTY: true, columns: 100 })
    live.show(progress)
    terminal.columns = 40
    live.show(progress)
    // 69, 24, 49, 25 and 47 characters
    expect(visible(writes[1] ?? '')).toMatch(/^<cr><esc>\[8A/)
  })

  it('warns of a saturated generator and colours it, but not with NO_COLOR', () => {
    const coloured = view({ isTTY: true, columns: 100 })
    coloured.live.show({ ...progress, isSaturated: true })
    expect(coloured.writes.join('')).toContain('\u001b[31mgenerator saturated')
    const plain = view({ isTTY: true, columns: 100 }, { NO_COLOR: '1' })
    plain.live.show({ ...progress, isSaturated: true })
    expect(visible(plain.writes.join(''))).not.toMatch(/<esc>\[\d+m/)
    expect(plain.writes.join('')).toContain('generator saturated')
  })

  it('says a note above the block', () => {
    const { writes, live } = view({ isTTY: true, columns: 100 })
    live.show(progress)
    live.note('broker lost\u001b[2J')
    expect(terminalScreen(writes.join(''))[0]).toBe('broker lost [2J')
    expect(terminalScreen(writes.join(''))[1]).toMatch(/^hold /)
    expect(terminalScreen(writes.join(''))).toHaveLength(7)
  })

  it('drops a drawing that a slow terminal would have to queue', () => {
    const held: (() => void)[] = []
    const output = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => void held.push(done) })
    const live = createLiveView({ output, terminal: { isTTY: true, columns: 80 }, environment: {} })
    live.show(progress)
    const queued = output.writableLength
    live.show(progress)
    expect(output.writableLength).toBe(queued)
  })
})

describe('the live view elsewhere', () => {
  it.each([
    ['a file', {}, {}],
    ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }],
  ])('is plain lines in %s', (_, terminal, environment) => {
    const { writes, live } = view(terminal, environment)
    live.show(progress)
    live.end()
    expect(writes).toEqual([
      '9 s of 20 s  hold  connected 1,000 of 1,000  sent 18,400 (2,000/s)  received 36,800 (4,000/s)  p50 0.82 ms  p99 3.44 ms\n',
    ])
  })

  it('has one line for each second at most', () => {
    const { writes, live } = view({})
    for (const elapsedSeconds of [0.1, 0.9, 1, 1.1, 1.9, 2.05, 4]) live.show({ ...progress, elapsedSeconds })
    expect(writes.map((line) => line.slice(0, 3))).toEqual(['0 s', '1 s', '2 s', '4 s'])
  })

  it('names what went wrong, and a dash where nothing arrived', () => {
    const { writes, live } = view({})
    const wrong = { discarded: 4, duplicates: 3, lostConnections: 2, isSaturated: true, p50Ms: null, p99Ms: null }
    live.show({ ...progress, ...wrong })
    expect(writes[0]).toContain('p50 -  p99 -  discarded 4  duplicates 3  connections lost 2  generator saturated\n')
  })
})
