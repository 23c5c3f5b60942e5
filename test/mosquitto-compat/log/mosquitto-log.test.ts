import { describe, expect, it } from 'vitest'
import type { LineWriter } from '../../../mosquitto-compat/log/line-writer.ts'
import { MosquittoLog } from '../../../mosquitto-compat/log/mosquitto-log.ts'
import type { MosquittoVersion } from '../../../mosquitto-compat/mosquitto-version.ts'

/** What is written of a connection that was refused. */
function refused(version: MosquittoVersion, fields: object): string[] {
  const lines: string[] = []
  const writer = { write: (type: string, line: string) => lines.push(`${type} ${line}`) } as unknown as LineWriter
  new MosquittoLog(writer, version).info(fields, 'connection refused')
  return lines
}

describe('a refused connection', () => {
  const login = {
    address: '10.1.2.3',
    port: 4567,
    clientId: 'eve',
    reason: 'not authorized',
    detail: 'a login is needed',
  }

  it.each([
    ['2.0', login, 'Client eve disconnected, not authorised.'],
    ['2.1', login, 'Client eve [10.1.2.3:4567] disconnected: not authorised (a login is needed).'],
    ['2.0', { ...login, unsaid: 7 }, 'Client eve disconnected, not authorised. (7 more from there went untold)'],
    [
      '2.1',
      { ...login, unsaid: 7 },
      'Client eve [10.1.2.3:4567] disconnected: not authorised (a login is needed). (7 more from there went untold)',
    ],
    ['2.1', { address: '10.1.2.3', reason: 'no TLS' }, 'Client <unknown> [10.1.2.3] disconnected: no TLS.'],
  ] as const)('%s: %o', (version, fields, line) => {
    expect(refused(version, fields)).toEqual([`notice ${line}`])
  })
})
