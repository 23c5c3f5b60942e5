import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { killSpawnedClients, spawnClient, type SpawnedClient } from '../../clients/spawned-client.ts'
import { WireClient } from '../../support/wire-client.ts'
import { freePort } from '../../transport/stage.ts'
import { installMosquitto } from './installed.ts'

let mosquitto = ''
let topiary = ''
let directory = ''
let port = 0

beforeAll(async () => {
  ;({ mosquitto, topiary } = await installMosquitto('mosquitto-run'))
})
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-run-'))
  port = await freePort()
})
const started: SpawnedClient[] = []
afterEach(async () => {
  for (const one of started.splice(0)) one.kill('SIGKILL')
  killSpawnedClients()
  rmSync(directory, { recursive: true, force: true })
})
afterAll(killSpawnedClients)

function path(name: string): string {
  return join(directory, name)
}

/** A conf with a listener that lets anybody in, and these lines. */
function conf(...lines: string[]): string {
  writeFileSync(
    path('m.conf'),
    [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'user root', ...lines, ''].join('\n'),
  )
  return path('m.conf')
}

/** The same for a user. */
function confAs(user: string): string {
  writeFileSync(path('m.conf'), `listener ${port} 127.0.0.1\nallow_anonymous true\nuser ${user}\n`)
  return path('m.conf')
}

async function run(...args: string[]) {
  return spawnClient(mosquitto, args).ended
}

/** The broker, running. */
async function start(...args: string[]): Promise<SpawnedClient> {
  const broker = spawnClient(mosquitto, args)
  started.push(broker)
  await broker.line(/ running$/)
  return broker
}

/** `kill` of a signal that has no name in Node.js. */
async function signal(broker: { readonly pid: number }, number: number): Promise<void> {
  await spawnClient('kill', [`-${number}`, String(broker.pid)]).ended
}

async function enter(clientId: string, at = port): Promise<WireClient> {
  const client = await WireClient.open({ port: at, version: 5 })
  expect((await client.connect({ clientId })).reasonCode).toBe(0)
  return client
}

/** Turns go by until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  const giveUpMs = performance.now() + 20_000
  while (!isSo()) {
    if (performance.now() > giveUpMs) throw new Error('it never became so')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Lines without what changes from run to run. */
function plain(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line
        .replace(/^\d+: /, '')
        .replaceAll(String(port), 'PORT')
        .replace(/ \(topiary [^)]+\)/, ''),
    )
}

describe('the command line', () => {
  it.each([
    [['--version'], 0, /^mosquitto version 2\.1 \(topiary \d+\.\d+\.\d+\)\n$/, /^$/],
    [['-h'], 0, /Usage: mosquitto \[-c config_file\]/, /^$/],
    [['--help'], 0, /Usage: mosquitto/, /^$/],
    [['--zzz'], 3, /^$/, /^Error: Unknown option '--zzz'\.\n[^]*Usage: mosquitto/],
    [['-c'], 3, /^$/, /^Error: -c argument given, but no config file specified\./],
    [['-p'], 3, /^$/, /^Error: -p argument given, but no port specified\./],
    [['-p', '0'], 3, /^$/, /^Error: Invalid port specified \(0\)\./],
    [['-p', '70000'], 3, /^$/, /^Error: Invalid port specified \(70000\)\./],
    [['-p', 'x'], 3, /^$/, /^Error: Invalid port specified \(x\)\./],
    [Array.from({ length: 11 }, () => ['-p', '2000']).flat(), 3, /^$/, /Only 10 ports can be specified\./],
    [['--test-config'], 3, /^$/, /^Error: --test-config needs a config file: -c FILE\./],
    [['-c', '/nowhere/m.conf'], 3, /^$/, /^Error: .*\/nowhere\/m\.conf/],
  ] as const)('%j ends with %d', async (args, code, out, err) => {
    const ended = await run(...args)
    expect(ended.code).toBe(code)
    expect(ended.out).toMatch(out)
    expect(ended.err).toMatch(err)
  })

  it('--test-config says whether a file, and all it names, is good', async () => {
    const file = conf(`password_file ${path('users')}`)
    expect(await run('-c', file, '--test-config')).toMatchObject({ code: 3, err: expect.stringMatching(/users/) })
    writeFileSync(path('users'), '', { mode: 0o600 })
    expect(await run('-c', file, '--test-config')).toMatchObject({
      code: 0,
      err: expect.stringMatching(/Configuration file is OK\.\n$/),
    })
    writeFileSync(file, 'listener 1883\nnonsense 1\nmax_qos 7\n')
    const { code, err } = await run('-c', file, '--test-config')
    expect(code).toBe(3)
    expect(err).toMatch(/m\.conf:2: .*nonsense/)
    expect(err).toMatch(/m\.conf:3: .*max_qos/)
  })

  it('-p listens for clients of this machine only, and says so', async () => {
    const broker = await start('-p', String(port))
    for (const host of ['127.0.0.1', '::1']) {
      const args = ['-h', host, '-p', String(port), '-t', 'topic', '-m', 'x', '-q', '1']
      expect(await spawnClient('mosquitto_pub', args).ended).toMatchObject({ code: 0 })
    }
    broker.kill('SIGTERM')
    const { code, err } = await broker.ended
    expect(code).toBe(0)
    expect(plain(err)).toEqual(
      expect.arrayContaining([
        'Starting in local only mode. Connections will only be possible from clients running on this machine.',
        'Opening ipv4 listen socket on port PORT.',
        'Opening ipv6 listen socket on port PORT.',
      ]),
    )
  })

  it('a port that is taken ends it with 1 and a sentence', async () => {
    await start('-c', conf())
    const second = await run('-c', conf())
    expect(second).toMatchObject({ code: 1, err: expect.stringMatching(/Error: .*address already in use/i) })
  })

  it('-d returns once the broker runs, and leaves it running', async () => {
    const file = conf(`pid_file ${path('pid')}`, 'log_dest stderr')
    const { code, err } = await run('-c', file, '-d')
    expect(code).toBe(0)
    const pid = Number(readFileSync(path('pid'), 'utf8'))
    try {
      await enter('one')
      expect(plain(err).at(-1)).toBe('mosquitto version 2.1 running')
    } finally {
      process.kill(pid, 'SIGTERM')
    }
    await until(() => !existsSync(path('pid')))
  })

  it('-d tells what is wrong before it goes into the background', async () => {
    expect(await run('-c', conf('nonsense 1'), '-d')).toMatchObject({ code: 3, err: expect.stringMatching(/nonsense/) })
    await start('-c', conf())
    expect(await run('-c', conf(), '-d')).toMatchObject({ code: 1, err: expect.stringMatching(/in use/i) })
  })

  it('-v logs everything and -q nothing, whatever the file says', async () => {
    const loud = await start('-c', conf('log_type none'), '-v')
    const client = await enter('one')
    await client.barrier()
    await loud.line(/Received PINGREQ from one|Received PUBLISH from one|Received SUBSCRIBE from one/)
    loud.kill('SIGTERM')
    await loud.ended
    const silent = spawnClient(mosquitto, ['-c', conf('log_type all'), '-q'])
    started.push(silent)
    await answers()
    await enter('two')
    silent.kill('SIGTERM')
    expect(await silent.ended).toEqual({ code: 0, out: '', err: '' })
  })

  it('the launcher says what to do where the package is not built', async () => {
    const { mosquitto: alone } = { mosquitto: path('bin/one/two') }
    const copied = await spawnClient('sh', ['-c', `mkdir -p '${path('bin/one')}' && cp '${mosquitto}' '${alone}'`])
      .ended
    expect(copied.code).toBe(0)
    chmodSync(alone, 0o755)
    expect(await spawnClient(alone, []).ended).toMatchObject({ code: 1, err: expect.stringMatching(/run build/) })
  })
})

/** Until somebody listens. */
async function answers(): Promise<void> {
  for (;;) {
    const client = await WireClient.open({ port, version: 5 }).catch(() => undefined)
    if (client !== undefined) return client.abort()
  }
}

describe('a run', () => {
  it('tells the lines that scripts wait for, in their order, and ends with 0', async () => {
    const file = conf(`pid_file ${path('pid')}`, 'persistence true', `persistence_location ${directory}/`)
    const broker = await start('-c', file)
    expect(Number(readFileSync(path('pid'), 'utf8'))).toBe(broker.pid)
    const client = await enter('one')
    await client.disconnect()
    await broker.line(/Client one .*disconnected/)
    broker.kill('SIGTERM')
    const { code, out, err } = await broker.ended
    expect({ code, out }).toEqual({ code: 0, out: '' })
    expect(plain(err).map((line) => line.replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS'))).toEqual([
      'Warning: Mosquitto should not be run as root/administrator.',
      'mosquitto version 2.1 starting',
      `Config loaded from ${file}.`,
      ...plain(err).filter((line) => line.startsWith('Notice: ')),
      'Opening ipv4 listen socket on port PORT.',
      'mosquitto version 2.1 running',
      'New connection from ADDRESS on port PORT.',
      'New client connected from ADDRESS as one (p5, c1, k0).',
      'Client one [ADDRESS] disconnected.',
      'mosquitto version 2.1 terminating',
      `Saving in-memory database to ${path('topiary-data')}.`,
    ])
    expect(existsSync(path('pid'))).toBe(false)
  })

  it('SIGINT ends it as SIGTERM does', async () => {
    const broker = await start('-c', conf())
    broker.kill('SIGINT')
    expect((await broker.ended).code).toBe(0)
  })

  it('SIGHUP takes over a changed conf, changed limits and new listeners, and says what changed', async () => {
    const other = await freePort()
    const broker = await start('-c', conf())
    conf(`listener ${other} 127.0.0.1`, 'max_qos 1', 'max_keepalive 30')
    broker.kill('SIGHUP')
    await broker.line(/Reloaded: \d+ changes\./)
    const { properties } = await (await WireClient.open({ port: other, version: 5 })).connect({ keepAlive: 600 })
    expect(properties).toMatchObject({ maximumQos: 1, serverKeepAlive: 30 })
    broker.kill('SIGTERM')
    expect(plain((await broker.ended).err).join('\n')).toMatch(/Changed: limits\.maximumKeepAliveSeconds: 0 -> 30/)
  })

  it('SIGHUP changes nothing when anything is wrong, and names it', async () => {
    const broker = await start('-c', conf())
    conf('max_keepalive 30', 'nonsense 1', 'max_qos 9')
    broker.kill('SIGHUP')
    await broker.line(/m\.conf:\d+: .*nonsense/)
    await broker.line(/m\.conf:\d+: .*max_qos/)
    await broker.line(/Not reloaded: everything is as it was\./)
    const { properties } = await (await WireClient.open({ port, version: 5 })).connect({ keepAlive: 600 })
    expect(properties).not.toHaveProperty('serverKeepAlive')
  })

  it('SIGHUP with a torn ACL file or password file opens nothing', async () => {
    writeFileSync(path('acl'), 'topic read plant/#\n')
    writeFileSync(path('users'), '', { mode: 0o600 })
    const broker = await start('-c', conf(`acl_file ${path('acl')}`, `password_file ${path('users')}`))
    writeFileSync(path('acl'), 'topic read plant/#\ngibberish\n')
    broker.kill('SIGHUP')
    await broker.line(/acl:2: /)
    const client = await enter('one')
    expect(await client.publish('other', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x87 })
    rmSync(path('users'))
    writeFileSync(path('acl'), 'topic readwrite #\n')
    broker.kill('SIGHUP')
    await broker.line(/cannot read .*users/)
    expect(await client.publish('other', 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x87 })
  })

  it('SIGUSR1 saves, SIGUSR2 prints subscriptions and retained topics', async () => {
    const broker = await start('-c', conf('persistence true', `persistence_location ${directory}/`, 'sys_interval 0'))
    const client = await enter('one')
    await client.subscribe({ topicFilter: 'plant/+/state', qos: 1 })
    await client.subscribe({ topicFilter: '$share/group/plant/#', qos: 0 })
    await client.publish('plant/1/state', 'on', { qos: 1, retain: true })
    broker.kill('SIGUSR1')
    await broker.line(/Saving in-memory database to .*topiary-data\./)
    broker.kill('SIGUSR2')
    await broker.line(/^Retained:/)
    await broker.line(/^\s+state \(r\)/)
    broker.kill('SIGTERM')
    expect((await broker.ended).out.split('\n')).toEqual([
      'Subscriptions:',
      '  $share',
      '    group',
      '      plant',
      '        # (one, 0)',
      '  plant',
      '    +',
      '      state (one, 1)',
      'Retained:',
      '  plant',
      '    1',
      '      state (r)',
      '',
    ])
  })

  it('SIGRTMIN, or a log file that was moved away, has the log go on in a new one', async () => {
    const log = path('mosquitto.log')
    const broker = spawnClient(mosquitto, ['-c', conf(`log_dest file ${log}`)])
    started.push(broker)
    await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('running'))
    renameSync(log, `${log}.1`)
    await signal(broker, 34)
    await until(() => existsSync(log))
    await enter('one')
    await until(() => readFileSync(log, 'utf8').includes('New client connected'))
    expect(readFileSync(`${log}.1`, 'utf8')).not.toContain('New client connected')
    expect(statSync(log).mode & 0o007).toBe(0)
    broker.kill('SIGTERM')
    expect(await broker.ended).toMatchObject({ code: 0, err: '' })
  })

  it('started as root it becomes the user of the conf', async () => {
    expect(process.getuid?.()).toBe(0) // where tests run
    chmodSync(directory, 0o755)
    const broker = await start('-c', confAs('nobody'))
    const [, uid] = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${broker.pid}/status`, 'utf8')) ?? []
    expect(Number(uid)).toBe(65_534)
    const unknown = await run('-c', confAs('nobody-of-this-name'))
    expect(unknown).toMatchObject({ code: 1, err: expect.stringMatching(/Invalid user 'nobody-of-this-name'/) })
  })
})

describe('where the log goes', () => {
  it('log_dest topic publishes lines, each type on its topic', async () => {
    await start(
      '-c',
      conf('log_dest stderr', 'log_dest topic', 'log_type notice', 'log_type subscribe', 'log_type information'),
    )
    const watcher = await enter('watcher')
    await watcher.subscribe({ topicFilter: '$SYS/broker/log/#', qos: 0 })
    const client = await enter('one')
    await client.subscribe({ topicFilter: 'plant', qos: 1 })
    const found = new Map<string, string>()
    const isTold = (topic: string, text: string): boolean =>
      found.get(`$SYS/broker/log/${topic}`)?.includes(text) === true
    while (!isTold('M/subscribe', 'one 1') || !isTold('N', 'as one')) {
      const { topicName, payload, retain } = await watcher.next('publish')
      expect(retain).toBe(false)
      const line = new TextDecoder().decode(payload)
      if (!found.get(topicName)?.includes(' one')) found.set(topicName, line)
    }
    expect(found.get('$SYS/broker/log/N')).toMatch(/^\d+: New client connected from .* as one \(p5, c1, k0\)\.$/)
    expect(found.get('$SYS/broker/log/M/subscribe')).toMatch(/ plant$/)
  })

  it('log_dest syslog hands lines with facility and severity to logger', async () => {
    writeFileSync(path('logger'), `#!/bin/sh\necho "$@" > '${path('arguments')}'\nexec cat > '${path('syslog')}'\n`)
    chmodSync(path('logger'), 0o755)
    const file = conf('log_dest syslog', 'log_facility 3', 'log_dest stderr')
    const broker = spawnClient('env', [`PATH=${directory}:${process.env['PATH']}`, mosquitto, '-c', file])
    started.push(broker)
    await broker.line(/ running$/)
    await until(() => existsSync(path('syslog')) && readFileSync(path('syslog'), 'utf8').includes('running'))
    expect(readFileSync(path('arguments'), 'utf8')).toBe('--prio-prefix --tag mosquitto --id\n')
    // local3 is 19; information is 6
    expect(readFileSync(path('syslog'), 'utf8')).toMatch(/^<158>mosquitto version 2\.1 \(topiary [\d.]+\) running$/m)
  })

  it('log_timestamp_format writes times as strftime does, log_timestamp false leaves them out', async () => {
    const formatted = await start('-c', conf('log_timestamp_format %Y-%m-%dT%H:%M:%S'))
    await formatted.line(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d: mosquitto version .* running$/)
    formatted.kill('SIGTERM')
    await formatted.ended
    const bare = await start('-c', conf('log_timestamp false'))
    await bare.line(/^mosquitto version .* running$/)
  })

  it('connection_messages false leaves out who comes and goes', async () => {
    const broker = await start('-c', conf('connection_messages false'))
    await (await enter('one')).disconnect()
    broker.kill('SIGTERM')
    expect((await broker.ended).err).not.toMatch(/New c|Client one/)
  })

  it('a file that cannot be opened ends the start with a sentence', async () => {
    expect(await run('-c', conf('log_dest file /nowhere/at/all.log'))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/Error: cannot open the log file \/nowhere\/at\/all\.log/),
    })
  })
})

describe('topiary start', () => {
  it('--config mosquitto.conf does the same', async () => {
    const broker = spawnClient(process.execPath, [topiary, 'start', '--config', conf()])
    started.push(broker)
    await broker.line(/^\d+: mosquitto version .* running$/)
    const client = await enter('one')
    await client.subscribe('$SYS/broker/version')
    const { payload } = await client.next('publish')
    expect(new TextDecoder().decode(payload)).toMatch(/^mosquitto version 2\.1 \(topiary /)
    broker.kill('SIGTERM')
    expect((await broker.ended).code).toBe(0)
  })

  it('--config mosquitto.conf takes no flag that says what the file says', async () => {
    const { code, err } = await spawnClient(process.execPath, [topiary, 'start', '-p', '2000', '--config', conf()])
      .ended
    expect(code).toBe(2)
    expect(err).toBe('topiary: --port: a mosquitto.conf says everything itself; put it there\n')
  })

  it('--config mosquitto.conf --print-config shows it as settings', async () => {
    const shown = await spawnClient(process.execPath, [topiary, 'start', '--print-config', '--config', conf()]).ended
    expect(shown).toMatchObject({ code: 0, out: expect.stringMatching(new RegExp(`port: ${port}\\b`)) })
  })

  it('--log-format mosquitto writes the log of other settings in the same words', async () => {
    const args = ['start', '--memory', '--no-ws', '--port', String(port), '--log-format', 'mosquitto']
    const broker = spawnClient(process.execPath, [topiary, ...args])
    started.push(broker)
    await broker.line(/listens on/)
    await answers()
    await enter('one')
    await broker.line(/^\d+: New client connected from 127\.0\.0\.1:\d+ as one \(p5, c1, k0\)\.$/)
    broker.kill('SIGTERM')
    expect((await broker.ended).code).toBe(0)
  })
})
