import { describe, expect, it } from 'vitest'
import { inTermsOfConf } from '../../../mosquitto-compat/run/start-fault.ts'
import { DataDirectoryError } from '../../../src/storage/directory/directory-error.ts'

const listening = (fields: object): Error =>
  Object.assign(new Error('as Node.js says it'), { syscall: 'listen', ...fields })

describe('what keeps a broker from starting, in the terms of a mosquitto.conf', () => {
  it.each([
    [
      'a port that is taken',
      listening({ code: 'EADDRINUSE', address: '127.0.0.1', port: 1883 }),
      'Address already in use: 127.0.0.1:1883; stop who listens there, or choose another port with listener',
    ],
    [
      'a path that is taken',
      listening({ code: 'EADDRINUSE', address: '/run/m.sock', port: -1 }),
      'Address already in use: /run/m.sock; stop who listens there, or choose another port with listener',
    ],
    [
      'a port of root',
      listening({ code: 'EACCES', address: '::', port: 883 }),
      'Permission denied: :::883; ports below 1024 need CAP_NET_BIND_SERVICE. Give it in the unit of systemd with ' +
        'AmbientCapabilities=CAP_NET_BIND_SERVICE and User=, or choose a port above 1023',
    ],
    [
      'a directory of others',
      listening({ code: 'EACCES', address: '/root/m.sock', port: -1 }),
      'Permission denied: /root/m.sock; see to the rights of its directory',
    ],
    [
      'state in use',
      new DataDirectoryError('in-use', 'data is in use; stop that broker, or choose another directory with --data'),
      'data is in use; stop that broker, or choose another directory with persistence_location',
    ],
  ])('%s', (_, error, sentence) => {
    expect(inTermsOfConf(error)).toMatchObject({ name: 'OperatorError', message: sentence, cause: error })
  })

  it.each([listening({ code: 'EADDRNOTAVAIL' }), Object.assign(new Error('no'), { code: 'EACCES', syscall: 'open' })])(
    'leaves any other as it is: %o',
    (error) => expect(inTermsOfConf(error)).toBe(error),
  )
})
