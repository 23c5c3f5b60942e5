import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { pingresp, turns } from './scripted-broker.ts'
import { clearStage, newClient, scriptedScene, startScripted, type Subject, versions } from './stage.ts'

/** Time passes in steps, with input and output in between. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    vi.advanceTimersByTime(100)
    await turns(3)
  }
}

/** What happens as time passes; it is in the test's hands. */
export function describeKeepAlive(subject: Subject): void {
  const { pingsAfterMs, givesUpAfterMs } = subject.traits
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
    })
  })
  clearStage()
  afterEach(() => void vi.useRealTimers())

  describe.each(versions)('of version %i', (version) => {
    it(`pings after ${pingsAfterMs} of 1000 ms, and gives up a broker that does not answer`, async () => {
      const { told, peer } = await scriptedScene(subject, version, { keepAlive: 1 })
      await pass(pingsAfterMs - 200)
      expect(peer.packets.map(({ kind }) => kind)).toEqual(['connect'])
      await pass(400)
      await peer.next('pingreq')
      expect(told.log.map(({ event }) => event)).toEqual(['connected'])
      await pass(givesUpAfterMs - pingsAfterMs)
      expect((await told.next('closed')).reason).toBe('no answer to PINGREQ')
    })

    it('stays while the broker answers, and goes when it stops', async () => {
      const { told, peer } = await scriptedScene(subject, version, { keepAlive: 1 })
      let answers = 5
      peer.onPacket = ({ kind }) => {
        if (kind === 'pingreq' && answers-- > 0) peer.send(pingresp)
      }
      await pass(4 * pingsAfterMs)
      expect(told.log.map(({ event }) => event)).toEqual(['connected'])
      await pass(8000)
      expect((await told.next('closed')).reason).toBe('no answer to PINGREQ')
    })

    it('sends nothing by itself with a keep alive of 0', async () => {
      const { told, peer } = await scriptedScene(subject, version, { keepAlive: 0 })
      await pass(5000)
      await told.dropped()
      expect(await peer.rest()).toEqual([])
    })

    it.each(['stopPinging', 'freeze'] as const)('sends no PINGREQ after %s()', async (method) => {
      const { told, peer } = await scriptedScene(subject, version, { keepAlive: 1 })
      told[method]()
      await pass(5000)
      expect(peer.isClosed).toBe(false)
      await told.dropped()
      expect(await peer.rest()).toEqual([])
    })

    it('pings while it does not read, and forgives that it sees no answer', async () => {
      const { told, peer } = await scriptedScene(subject, version, { keepAlive: 1 })
      peer.onPacket = ({ kind }) => {
        if (kind === 'pingreq') peer.send(pingresp)
      }
      told.pauseReading()
      await pass(5000)
      expect(peer.packets.filter(({ kind }) => kind === 'pingreq').length).toBeGreaterThanOrEqual(4)
      told.resumeReading()
      await pass(2000)
      expect(told.log.map(({ event }) => event)).toEqual(['connected'])
      peer.onPacket = () => {}
      await pass(3000)
      expect((await told.next('closed')).reason).toBe('no answer to PINGREQ')
    })

    it('gives up a broker that does not answer CONNECT in 30 seconds', async () => {
      const broker = await startScripted(version)
      const told = newClient(subject, broker.url)
      told.connect({ clientId: 'a', protocolVersion: version })
      await broker.connection()
      await pass(29_000)
      expect(told.log).toEqual([])
      await pass(1500)
      expect((await told.next('closed')).reason).toBe('no answer to CONNECT in 30 seconds')
    })

    it('waits 5 seconds after DISCONNECT for the broker to close, and sends nothing', async () => {
      const { told, peer } = await scriptedScene(subject, version, { keepAlive: 1 })
      peer.socket.removeAllListeners('end')
      told.disconnect()
      await pass(4500)
      expect(told.log.map(({ event }) => event)).toEqual(['connected'])
      await pass(1000)
      expect((await told.next('closed')).reason).toBe('disconnected')
      peer.socket.destroy()
      expect((await peer.rest()).map(({ kind }) => kind)).toEqual(['disconnect'])
    })
  })

  it('takes the keep alive of a broker of version 5', async () => {
    const properties = { serverKeepAlive: 10 }
    const { told, peer } = await scriptedScene(subject, 5, { keepAlive: 1 }, { properties })
    await pass(10 * pingsAfterMs - 500)
    expect(peer.packets.map(({ kind }) => kind)).toEqual(['connect'])
    await pass(1000)
    await peer.next('pingreq')
    expect(told.log.map(({ event }) => event)).toEqual(['connected'])
  })
}
