import { describe, expect, it } from 'vitest'
import { readableLine } from '../../src/cli/logger.ts'
import { listenFailure } from '../../src/cli/start.ts'
import { isLoopback } from '../../src/settings/loopback.ts'
import { completeSettings } from '../../src/settings/settings.ts'

describe('listenFailure', () => {
  const settings = completeSettings({ http: { port: 9090 } })
  it.each([
    ['EADDRINUSE', 1883, 'port 1883 on 127.0.0.1 is already in use; choose another with --port N'],
    ['EADDRINUSE', 9001, 'port 9001 on 127.0.0.1 is already in use; choose another with --ws-port N'],
    ['EADDRINUSE', 9090, 'port 9090 on 127.0.0.1 is already in use; choose another with --http-port N'],
    ['EACCES', 1883, 'not allowed to open port 1883 on 127.0.0.1; choose one above 1023 with --port N'],
    ['EADDRNOTAVAIL', 1883, '127.0.0.1 is not an address of this machine; choose another with --host HOST'],
    ['ENOTFOUND', undefined, 'no address is known for 127.0.0.1; choose another with --host HOST'],
    ['EMFILE', 1883, 'cannot listen on port 1883 on 127.0.0.1: the reason'],
  ])('explains %s at port %s', (code, port, message) => {
    const error = Object.assign(new Error('the reason'), { code }, port === undefined ? {} : { port })
    expect(listenFailure(error, settings)).toBe(message)
  })

  it('names the settings file where there is one', () => {
    const error = Object.assign(new Error('x'), { code: 'EADDRINUSE', port: 1883 })
    expect(listenFailure(error, settings, 'topiary.yaml')).toContain('choose another in topiary.yaml, or with --port N')
  })
})

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', 'localhost', '::ffff:127.0.0.1'])('holds for %s', (host) => {
    expect(isLoopback(host)).toBe(true)
  })

  it.each(['0.0.0.0', '::', '192.168.1.4', '10.127.0.1', 'localhost.org', '127.x.org'])('not for %s', (host) => {
    expect(isLoopback(host)).toBe(false)
  })
})

describe('the log line for a terminal', () => {
  it.each([
    {
      fields: { level: 'info', time: '2026-01-01T12:34:56.789Z', clientId: 'sensor-1', keepAlive: 60, msg: 'hello' },
      line: '12:34:56.789 info  hello  clientId=sensor-1  keepAlive=60',
    },
    {
      fields: { level: 'warn', time: '2026-01-01T12:34:56.789Z', clientId: 'a\u001b[31m\nb c', msg: 'refused' },
      line: '12:34:56.789 warn  refused  clientId="a\\u001b[31m\\nb c"',
    },
    { fields: { level: 'error', time: '2026-01-01T12:34:56.789Z', msg: 'broken' }, line: '12:34:56.789 error broken' },
  ])('is $line', ({ fields, line }) => {
    expect(readableLine(JSON.stringify(fields))).toBe(line)
  })
})
