import { type FleetSummary, type Progress, runFleet } from './fleet.ts'
import { helpText, parseOptions, type SimulatorOptions } from './options.ts'
import { brokerLost, progressLine, summaryText } from './report.ts'

process.stdout.on('error', () => {})
process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  let options: SimulatorOptions
  try {
    options = parseOptions(argv)
  } catch (error) {
    process.stderr.write(`sim: ${(error as Error).message}; --help shows the flags\n`)
    return 2
  }
  if (options.help) {
    process.stdout.write(helpText)
    return 0
  }
  try {
    const summary = await run(options)
    process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : summaryText(summary))
    return summary.passed ? 0 : 1
  } catch (error) {
    process.stderr.write(`sim: ${failure(error as Error & { code?: unknown }, options.url)}\n`)
    return 1
  }
}

async function run(options: SimulatorOptions): Promise<FleetSummary> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort()) // once: a second Ctrl-C ends it the hard way
  let before: Progress | undefined
  const { json, help: _, ...fleetOptions } = options
  const onProgress = (progress: Progress): void => {
    if (json) return
    const line = progressLine(progress, before)
    const lostAt = before?.brokerLostAtSeconds === undefined ? progress.brokerLostAtSeconds : undefined
    const news = lostAt === undefined ? '' : `${brokerLost(lostAt)}\n`
    process.stdout.write(process.stdout.isTTY ? `\r\u001b[K${news}${line}` : `${news}${line}\n`)
    before = progress
  }
  return await runFleet(fleetOptions, onProgress, stop.signal)
}

function failure(error: Error & { code?: unknown }, url: string): string {
  const { protocol, host } = new URL(url)
  const shown = `${protocol}//${host}`
  if (error.code === 'ECONNREFUSED') {
    return `no broker at ${shown}; start one with \`npm start\` or name another with --url`
  }
  return `the fleet could not run against ${shown}: ${error.message}`
}
