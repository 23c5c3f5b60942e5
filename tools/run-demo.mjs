// `npm run demo`: a broker on a free port, the preset smart-home on it, and a report in ./demo-report. The exit code is
// that of the run. Flags are handed on to `topiary sim run`. It takes what `npm run build` made.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../dist/src/main.js', import.meta.url))
const report = 'demo-report'

// In a process group of its own: Ctrl-C is for the run, which needs the broker until it has reported.
const brokerFlags = ['start', '--memory', '--port', '0', '--no-ws', '--log-level', 'warn']
const broker = spawn(process.execPath, [program, ...brokerFlags], {
  stdio: ['ignore', 'pipe', 'inherit'],
  detached: true,
})
process.on('exit', () => broker.kill('SIGKILL'))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => run?.kill(signal))
let run

const url = await brokerUrl()
if (url === undefined) throw new Error('the broker did not start; `npm run build` makes it')
process.stdout.write(`broker on ${url}; running the preset smart-home, about 15 seconds\n`)
const flags = ['sim', 'run', 'smart-home', '--url', url, '--report', report, ...process.argv.slice(2)]
run = spawn(process.execPath, [program, ...flags], { stdio: ['ignore', 'inherit', 'inherit'], detached: true })
const [code] = await once(run, 'close')
broker.kill('SIGTERM')
await once(broker, 'close')
process.stdout.write(`\nthe report: ${report}/report.html\n`)
process.exitCode = code ?? 1

/** From what it prints; undefined when it ends without. */
async function brokerUrl() {
  let text = ''
  for await (const chunk of broker.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk
    const found = /mqtt:\/\/\S+(?=\s)/.exec(text)?.[0]
    if (found === undefined) continue
    broker.stdout.resume()
    return found
  }
  return undefined
}
