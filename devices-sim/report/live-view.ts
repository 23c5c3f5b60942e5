import type { Writable } from 'node:stream'
import { countText, durationText, millisecondsText, NO_VALUE } from './figures.ts'
import type { Progress } from './run-report.ts'
import { type Paint, paintFor, printable } from './terminal-text.ts'

const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const CLEAR_LINE_END = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'
const USUAL_COLUMNS = 80

export interface LiveView {
  show(progress: Progress): void
  /** Says something once, above what is redrawn. */
  note(text: string): void
  /** Leaves the last state standing and gives the cursor back. Call it however the run ends; again does nothing. */
  end(): void
}

export interface LiveViewOptions {
  readonly output: Writable
  /** Asked again for each drawing, so that a stream may be handed in whose `columns` change. */
  readonly terminal: { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined }
  /** For NO_COLOR and TERM. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Shows how a run goes on: a block redrawn in place on a terminal, a line a second at most elsewhere. */
export function createLiveView({ output, terminal, environment }: LiveViewOptions): LiveView {
  const isTerminal = terminal.isTTY === true && environment['TERM'] !== 'dumb'
  return isTerminal ? terminalView(output, terminal, paintFor(true, environment)) : plainView(output)
}

function plainView(output: Writable): LiveView {
  let shownSecond = -1
  return {
    show(progress) {
      const second = Math.floor(progress.elapsedSeconds)
      if (second <= shownSecond) return
      shownSecond = second
      output.write(`${plainLine(progress)}\n`)
    },
    note(text) {
      output.write(`${printable(text)}\n`)
    },
    end() {},
  }
}

function terminalView(output: Writable, terminal: LiveViewOptions['terminal'], paint: Paint): LiveView {
  const columns = () => Math.max(terminal.columns ?? USUAL_COLUMNS, 1)
  let drawn: readonly string[] = []
  let isCursorHidden = false
  let hasEnded = false

  /** To the first line of the block; a terminal that became narrower has broken its lines in two. */
  const backToTop = () => {
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns())), 0)
    return rows === 0 ? '' : `\r\u001b[${rows}A`
  }
  const block = (lines: readonly Line[]) => {
    const fitting = lines.map(({ text, style }) => ({ text: text.slice(0, columns() - 1), style }))
    const hide = isCursorHidden ? '' : HIDE_CURSOR
    const top = backToTop()
    isCursorHidden = true
    drawn = fitting.map(({ text }) => text)
    const shown = fitting.map(({ text, style }) => `${paint(text, style)}${CLEAR_LINE_END}\n`).join('')
    return `${hide}${top}${shown}${CLEAR_BELOW}`
  }
  let last: readonly Line[] = []
  return {
    show(progress) {
      last = blockLines(progress, columns() - 1)
      // a terminal that does not keep up gets the next one
      if (!hasEnded && !output.writableNeedDrain) output.write(block(last))
    },
    note(text) {
      const top = backToTop()
      drawn = []
      const line = `${top}${printable(text)}${CLEAR_LINE_END}\n`
      output.write(hasEnded || last.length === 0 ? line : `${line}${block(last)}`)
    },
    end() {
      if (!hasEnded && isCursorHidden) output.write(`${block(last)}${SHOW_CURSOR}`)
      hasEnded = true
      drawn = []
    },
  }
}

interface Line {
  readonly text: string
  readonly style: Parameters<Paint>[1]
}

const SATURATED = 'generator saturated: figures are not those of the broker alone'

function blockLines(progress: Progress, width: number): Line[] {
  const losses: string[] = [`discarded ${countText(progress.discarded)}`]
  losses.push(`duplicates ${countText(progress.duplicates)}`)
  losses.push(`connections lost ${countText(progress.lostConnections)}`)
  const hasLosses = progress.discarded + progress.duplicates + progress.lostConnections > 0
  const line = (text: string, style?: Line['style']): Line => ({ text, style })
  return [
    line(bar(progress, width), 'strong'),
    ...packed([`connected ${countText(progress.connected)} of ${countText(progress.wanted)}`], width).map(plain),
    ...packed(trafficTexts(progress), width).map(plain),
    ...packed(latencyTexts(progress), width).map(plain),
    ...packed(losses, width).map((text) => line(text, hasLosses ? 'doubtful' : 'quiet')),
    ...(progress.isSaturated ? wrapped(SATURATED, width).map((text) => line(text, 'bad')) : []),
  ]
}

function plain(text: string): Line {
  return { text, style: undefined }
}

/** `hold  [#########-----------]  45%  9 s of 20 s`; the bar gives way where there is no room. */
function bar({ elapsedSeconds, plannedSeconds, phase }: Progress, width: number): string {
  const share = plannedSeconds > 0 ? Math.min(1, Math.max(0, elapsedSeconds / plannedSeconds)) : 1
  const name = printable(phase)
  const tail = `${String(Math.floor(share * 100)).padStart(3)}%  ${timeText(elapsedSeconds, plannedSeconds)}`
  const room = Math.min(40, width - name.length - tail.length - 6)
  if (room < 5) return `${name}  ${tail.trimStart()}`
  const full = Math.round(share * room)
  return `${name}  [${'#'.repeat(full)}${'-'.repeat(room - full)}]  ${tail}`
}

function timeText(elapsed: number, planned: number): string {
  return `${durationText(Math.floor(elapsed))} of ${durationText(Math.round(planned))}`
}

function trafficTexts({ sent, sentPerSecond, received, receivedPerSecond }: Progress): string[] {
  return [
    `sent ${countText(sent)} (${countText(sentPerSecond)}/s)`,
    `received ${countText(received)} (${countText(receivedPerSecond)}/s)`,
  ]
}

function latencyTexts({ p50Ms, p99Ms }: Progress): string[] {
  return [`p50 ${latencyText(p50Ms)}`, `p99 ${latencyText(p99Ms)}`]
}

function latencyText(ms: number | null): string {
  return ms === null ? NO_VALUE : `${millisecondsText(ms)} ms`
}

function plainLine(progress: Progress): string {
  return [
    timeText(progress.elapsedSeconds, progress.plannedSeconds),
    printable(progress.phase),
    `connected ${countText(progress.connected)} of ${countText(progress.wanted)}`,
    ...trafficTexts(progress),
    ...latencyTexts(progress),
    ...(progress.discarded > 0 ? [`discarded ${countText(progress.discarded)}`] : []),
    ...(progress.duplicates > 0 ? [`duplicates ${countText(progress.duplicates)}`] : []),
    ...(progress.lostConnections > 0 ? [`connections lost ${countText(progress.lostConnections)}`] : []),
    ...(progress.isSaturated ? ['generator saturated'] : []),
  ].join('  ')
}

/** As many texts on a line as fit. */
function packed(texts: readonly string[], width: number, gap = '   '): string[] {
  const lines: string[] = []
  for (const text of texts) {
    const before = lines.at(-1)
    const together = before === undefined ? text : before + gap + text
    if (before === undefined || together.length > width) lines.push(text)
    else lines[lines.length - 1] = together
  }
  return lines
}

function wrapped(text: string, width: number): string[] {
  return packed(text.split(' '), width, ' ')
}
