import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { disconnectPacket, publishPacket } from '../../support/wire-packets.ts'
import { conf, directory, enter, launch, mosquitto, path, run, start, until, useExecutables } from './executables.ts'

useExecutables()

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
    const broker = launch('env', [`PATH=${directory}:${process.env['PATH']}`, mosquitto, '-c', file])
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

  it('tells packets in the order in which they came, also those that came at once', async () => {
    const broker = await start('-c', conf('log_type all'))
    const client = await enter('one')
    client.send(publishPacket(5, 'plant', 'x'), disconnectPacket())
    await client.closed()
    await broker.line(/Client one .*disconnected/)
    broker.kill('SIGTERM')
    const lines = (await broker.ended).err.match(/(?:Received (?:PUBLISH|DISCONNECT)|Client one .*disconnected)/g)
    expect(lines?.map((line) => line.replace(/ \[.*\]/, ''))).toEqual([
      'Received PUBLISH',
      'Received DISCONNECT',
      'Client one disconnected',
    ])
  })

  it('tells a reload in its order, in the file there was', async () => {
    const log = [`log_dest file ${path('m.log')}`, 'log_dest stderr']
    const broker = await start('-c', conf(...log))
    conf(...log, 'max_keepalive 30', 'max_inflight_messages 5', 'max_queued_messages 7')
    broker.kill('SIGHUP')
    await broker.line(/Reloaded: \d+ changes\./)
    broker.kill('SIGTERM')
    await broker.ended
    const told = [...readFileSync(path('m.log'), 'utf8').matchAll(/Reloading|Changed|Reloaded|terminating/g)].map(
      String,
    )
    expect([...new Set(told)]).toEqual(['Reloading', 'Changed', 'Reloaded', 'terminating'])
    expect(told.lastIndexOf('Changed')).toBeLessThan(told.indexOf('Reloaded'))
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
