import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { WireClient } from '../../support/wire-client.ts'
import { freePort } from '../../support/free-port.ts'
import {
  conf,
  confAs,
  directory,
  enter,
  launch,
  mosquitto,
  path,
  plain,
  port,
  run,
  signal,
  start,
  until,
  useExecutables,
} from './executables.ts'

useExecutables()

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
    expect(await broker.line(/Reloaded: |Not reloaded/)).toMatch(/Reloaded: \d+ changes\.$/)
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
    await broker.line(/m\.conf:5: .*cannot read .*users/)
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
    const broker = launch(mosquitto, ['-c', conf(`log_dest file ${log}`)])
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
