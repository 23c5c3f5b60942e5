import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { spawnClient } from '../../clients/spawned-client.ts'
import {
  answers,
  conf,
  enter,
  launch,
  mosquitto,
  path,
  plain,
  port,
  run,
  start,
  topiary,
  until,
  useExecutables,
} from './executables.ts'

useExecutables()

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
    const isMissing = { code: 3, err: expect.stringMatching(/m\.conf:4: .*cannot read .*\/users/) }
    expect(await run('-c', file, '--test-config')).toMatchObject(isMissing)
    expect(await run('-c', file)).toMatchObject(isMissing)
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
    expect(second).toMatchObject({
      code: 1,
      err: expect.stringMatching(/Error: Address already in use: .*; stop who listens there, or choose another port/),
    })
  })

  it('a second broker that cannot start leaves the pid_file of the first alone', async () => {
    const file = conf(`pid_file ${path('pid')}`)
    const first = await start('-c', file)
    expect((await run('-c', file)).code).toBe(1)
    expect(readFileSync(path('pid'), 'utf8')).toBe(String(first.pid))
  })

  it('a pid_file that cannot be written ends the start', async () => {
    expect(await run('-c', conf('pid_file /nowhere/at/all.pid'))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/Error: Unable to write pid file: .*\/nowhere\/at\/all\.pid/),
    })
  })

  it.each(['pid_file /nowhere/at/all.pid', 'log_dest file /nowhere/at/all.log'])(
    'with --config too, %s ends the start with a sentence and no trace',
    async (line) => {
      const { code, err } = await spawnClient(process.execPath, [topiary, 'start', '--config', conf(line)]).ended
      expect(code).toBe(1)
      expect(err).toMatch(/topiary: .*\/nowhere\/at\/all/)
      expect(err).not.toMatch(/^ +at /m)
    },
  )

  it('says that systemd waits in vain where the unit asks to be told', async () => {
    const broker = launch('env', ['NOTIFY_SOCKET=/nowhere/notify', mosquitto, '-c', conf()])
    await broker.line(/Warning: systemd waits to be told .* Write Type=simple into the unit/)
    await broker.line(/ running$/)
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
    const silent = launch(mosquitto, ['-c', conf('log_type all'), '-q'])
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

describe('topiary start', () => {
  it('--config mosquitto.conf does the same', async () => {
    const broker = launch(process.execPath, [topiary, 'start', '--config', conf()])
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
    const broker = launch(process.execPath, [topiary, ...args])
    await broker.line(/listens on/)
    await answers()
    await enter('one')
    await broker.line(/^\d+: New client connected from 127\.0\.0\.1:\d+ as one \(p5, c1, k0\)\.$/)
    broker.kill('SIGTERM')
    expect((await broker.ended).code).toBe(0)
  })
})
