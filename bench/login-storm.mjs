// 10,000 wrong logins while 20,000 messages/s flow: what does the traffic notice?
//   npm run build && node bench/login-storm.mjs [--logins 10000] [--parallel 2000] [--rate 20000] [--seconds 6] [--rounds 3]
// One broker (dist/src/main.js, a password file with one user, QoS 1 traffic of the load generator) is measured in turn
// without and with the storm. Prints p50 and p99 of publish-to-receive in microseconds, how the logins ended and how
// long the storm took. Exit 1 when the median p99 more than doubles, a message is lost, or a wrong login is let in.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { setPriority, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const option = (name, usual) => ({ [name]: { type: 'string', default: usual } })
const { values } = parseArgs({
  options: {
    ...option('logins', '10000'),
    ...option('parallel', '2000'),
    ...option('rate', '20000'),
    ...option('seconds', '6'),
    ...option('rounds', '3'),
    ...option('qos', '1'),
    'storm-on-port': { type: 'string' },
  },
})
const number = (name) => Number(values[name])

if (values['storm-on-port'] !== undefined) await storm(number('storm-on-port'))
else await measure()

/** Runs in a process of its own and at the lowest priority: real attackers use processors of their own. */
async function storm(port) {
  setPriority(19)
  const outcomes = {}
  let begun = 0
  const startedMs = performance.now()
  const login = () =>
    new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' })
      let code = 'closed'
      socket.on('connect', () => socket.write(wrongLogin(begun)))
      socket.on('data', (bytes) => {
        code = bytes[0] === 0x20 ? `0x${bytes[3].toString(16).padStart(2, '0')}` : 'other'
        socket.destroy()
      })
      socket.on('error', () => (code = 'reset'))
      socket.on('close', () => resolve((outcomes[code] = (outcomes[code] ?? 0) + 1)))
    })
  const work = async () => {
    while (begun < number('logins')) {
      begun++
      await login()
    }
  }
  await Promise.all(Array.from({ length: number('parallel') }, work))
  const seconds = (performance.now() - startedMs) / 1000
  console.log(JSON.stringify({ seconds: Number(seconds.toFixed(1)), outcomes }))
}

function prefixed(value) {
  return Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)])
}

function wrongLogin(index) {
  const user = index % 2 === 0 ? 'ada' : `nobody-${index}`
  const head = Buffer.concat([prefixed('MQTT'), Buffer.from([5, 0xc2, 0, 60, 0])])
  const body = Buffer.concat([head, prefixed(`storm-${index}`), prefixed(user), prefixed('wrong')])
  return Buffer.concat([Buffer.from([0x10, body.length]), body])
}

async function measure() {
  if (spawnSync('make', ['-s', '-C', join(root, 'bench/load')], { stdio: 'inherit' }).status !== 0) process.exit(1)
  const directory = mkdtempSync(join(tmpdir(), 'topiary-storm-'))
  const main = join(root, 'dist/src/main.js')
  const passwordFile = join(directory, 'users.passwd')
  const made = ['passwd', '--file', passwordFile, '--user', 'ada', '--password-stdin']
  spawnSync(process.execPath, [main, ...made], { input: 'right\n', stdio: ['pipe', 'ignore', 'inherit'] })
  const port = 18970
  const flags = ['--port', String(port), '--no-ws', '--log-level', 'warn', '--password-file', passwordFile]
  const broker = spawn(process.execPath, [main, 'start', '--memory', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => broker.stdout.once('data', resolve))
  const p99 = { calm: [], storm: [] }
  let isGood = true
  try {
    for (let round = 0; round < number('rounds'); round++) {
      for (const kind of ['calm', 'storm']) {
        const traffic = output(
          join(root, 'bench/load/loadgen'),
          ['pairs', '--host', '127.0.0.1', '--port', String(port)],
          [
            ['--qos', values.qos],
            ['--rate', values.rate],
            ['--duration', values.seconds],
          ],
        )
        const logins =
          kind === 'storm'
            ? output(
                process.execPath,
                [fileURLToPath(import.meta.url)],
                [
                  ['--storm-on-port', String(port)],
                  ['--logins', values.logins],
                  ['--parallel', values.parallel],
                ],
              )
            : Promise.resolve(undefined)
        const { lat_us: latency, lost, msgs_per_s: rate } = await traffic
        const stormed = await logins
        console.log(kind.padEnd(5), JSON.stringify({ rate, p50: latency.p50, p99: latency.p99, lost, ...stormed }))
        p99[kind].push(latency.p99)
        if (lost > 0 || stormed?.outcomes['0x00'] > 0) isGood = false
      }
    }
  } finally {
    broker.kill('SIGTERM')
    rmSync(directory, { recursive: true })
  }
  const ratio = median(p99.storm) / median(p99.calm)
  console.log(`p99 of the traffic with the storm / without: ${ratio.toFixed(2)}`)
  process.exitCode = isGood && ratio <= 2 ? 0 : 1
}

function median(list) {
  return list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) / 2)]
}

/** The JSON line a program prints. */
function output(program, first, flags) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...flags.flat()], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    child.on('close', () => {
      try {
        resolve(JSON.parse(text.trim().split('\n').at(-1)))
      } catch (error) {
        reject(new Error(`${program}: ${text}`, { cause: error }))
      }
    })
  })
}
