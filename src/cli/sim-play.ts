import { RunError } from '../../devices-sim/run/run-error.ts'
import { runScenario, type RunOptions } from '../../devices-sim/run/run-scenario.ts'
import { createLiveView } from '../../devices-sim/report/live-view.ts'
import { jsonReport } from '../../devices-sim/report/json-report.ts'
import { paintFor } from '../../devices-sim/report/terminal-text.ts'
import { textReport } from '../../devices-sim/report/text-report.ts'
import { writeReport } from '../../devices-sim/report/write-report.ts'
import type { Scenario } from '../../devices-sim/scenario/schema.ts'
import { exitCode, OperatorError } from './cli-error.ts'
import type { Terminal } from './terminal.ts'

interface Output {
  readonly report: string | undefined
  readonly json: boolean
  readonly quiet: boolean
  readonly keep: boolean
}

/** Plays a scenario before the eyes of whoever called it; resolves with the exit code. */
export async function play(
  scenario: Scenario,
  options: Pick<RunOptions, 'command' | 'directory' | 'module'>,
  output: Output,
  terminal: Terminal,
): Promise<number> {
  const stop = new AbortController()
  void terminal.stopRequested().then(() => {
    view?.note('stopping: what is on its way may still arrive (Ctrl-C again ends at once)')
    stop.abort()
  })
  const stderr = { isTTY: terminal.stderrIsTty, columns: terminal.columns }
  const view = output.quiet
    ? undefined
    : createLiveView({ output: terminal.stderr, terminal: stderr, environment: terminal.env })
  try {
    const onProgress = view === undefined ? {} : { onProgress: view.show }
    const report = await runScenario(scenario, { ...options, ...onProgress, stop: stop.signal, keep: output.keep })
    view?.end()
    const files = output.report === undefined ? undefined : await writeReport(output.report, report)
    const paint = paintFor(terminal.stdoutIsTty, terminal.env)
    terminal.stdout.write(
      output.json ? jsonReport(report) : textReport(report, { columns: terminal.columns, paint, files }),
    )
    for (const { reason } of output.json ? (files?.failed ?? []) : []) terminal.stderr.write(`topiary: ${reason}\n`)
    return report.passed && (files?.failed ?? []).length === 0 ? exitCode.ok : exitCode.failed
  } catch (error) {
    if (error instanceof RunError) throw new OperatorError(error.faults.join('\ntopiary: '))
    throw error
  } finally {
    view?.end()
  }
}
