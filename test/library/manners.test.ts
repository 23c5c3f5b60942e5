import { describe, expect, it, vi } from 'vitest'
import { createBroker } from '../../src/server/create-broker.ts'
import { inbox, settled } from './scene.ts'

const signals = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'exit',
  'beforeExit',
  'uncaughtException',
  'unhandledRejection',
  'warning',
]

function counts(): number[] {
  return signals.map((name) => process.listenerCount(name))
}

describe('the library', () => {
  it('prints nothing, ends no process and listens to none of its signals', async () => {
    const before = counts()
    const spies = [
      vi.spyOn(process.stdout, 'write'),
      vi.spyOn(process.stderr, 'write'),
      vi.spyOn(process, 'exit'),
      vi.spyOn(process, 'emitWarning'),
    ]
    const broker = createBroker({ listeners: [{ kind: 'tcp', port: 0 }] })
    try {
      await broker.listen()
      for (let count = 0; count < 20; count++) broker.on('connected', () => {})
      await broker.subscribe('t', () => {
        throw new Error('no good')
      })
      await broker.publish({ topic: 't', qos: 1 })
      await settled()
      expect(counts()).toEqual(before)
      await broker.close()
      expect(counts()).toEqual(before)
      for (const spy of spies) expect(spy).not.toHaveBeenCalled()
    } finally {
      for (const spy of spies) spy.mockRestore()
      await broker.close()
    }
  })

  it('closes at the end of a block that uses it', async () => {
    const got = inbox()
    let left: { readonly isReady: boolean } | undefined
    {
      await using broker = createBroker({ listeners: [{ kind: 'tcp', port: 0 }] })
      left = broker
      await broker.listen()
      await broker.subscribe('t', got.take)
      await broker.publish({ topic: 't', payload: 'x' })
      await settled()
      expect(left.isReady).toBe(true)
    }
    expect(left.isReady).toBe(false)
    expect(got.texts()).toEqual(['x'])
  })
})
