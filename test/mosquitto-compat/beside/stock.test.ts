import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtPackage } from '../../support/built-package.ts'
import { killSpawnedClients } from '../../clients/spawned-client.ts'
import { type Certificates, makeCertificates } from '../../support/certificates.ts'
import { absence, sayWhyAbsent } from './debian-mosquitto.ts'
import { findings, type Outcome, told, unusedRows } from './outcome.ts'
import { removeDirectories } from './pair.ts'
import { type BrokerProgram, ending, programsOn, tool } from './programs.ts'
import { stockFiles } from './stock-files.ts'

sayWhyAbsent("Debian's stock configuration")

const ada = ['-u', 'ada', '-P', 'secret']
const bert = ['-u', 'bert', '-P', 'geheim']
const versions = ['mqttv31', 'mqttv311', 'mqttv5'] as const
const shown = ['-F', '> %t %q %r %p']

const handshakeFaults = ['another authority', 'no certificate', 'foreign certificate', 'expired certificate']
const isOfHandshake = (what: string): boolean => handshakeFaults.includes(what)

function own({ certificateFile, keyFile }: Certificates['device']): readonly string[] {
  return ['--cert', certificateFile, '--key', keyFile]
}

describe.skipIf(absence !== undefined)("Debian's stock configuration with TLS, passwords and rights", () => {
  let made: Certificates
  let programs: readonly [BrokerProgram, BrokerProgram]

  beforeAll(async () => {
    made = makeCertificates()
    const main = join((await builtPackage()).folder, 'dist/mosquitto-compat/run/main.js')
    programs = await programsOn(stockFiles(made), main)
    await Promise.all(programs.map((program) => program.start()))
  })
  afterAll(async () => {
    killSpawnedClients()
    await Promise.all(programs.map((program) => program.stop()))
    made.remove()
    removeDirectories()
  })

  /** The same is done to both, one after the other. */
  async function expectSame(steps: (program: BrokerProgram) => Promise<Outcome>): Promise<Outcome> {
    const [theirs, ours] = programs
    const outcomes = [await steps(theirs), await steps(ours)] as const
    expect(told(findings('stock', outcomes), 'as above')).toEqual([])
    return outcomes[0]
  }

  it.each(versions)('passes messages between users, with rights, by %s', async (version) => {
    const outcome = await expectSame(async (program) => {
      const seen: Outcome = {}
      for (const qos of ['0', '1', '2']) {
        const topics = ['-t', 'plant/#', '-t', 'devices/bert/#', '-q', qos]
        const count = ['-C', '2', '-W', '10']
        const reader = tool(program, 'sub', 1, ['-V', version, '-d', ...bert, ...topics, ...count, ...shown])
        await reader.line(/^Subscribed/)
        // the second one bert may not read
        for (const topic of ['plant/1/public', 'plant/1/secret']) {
          const sent = tool(program, 'pub', 1, ['-V', version, ...ada, '-q', qos, '-t', topic, '-m', topic])
          seen[`pub ${topic} at ${qos}`] = await ending(sent)
        }
        // ada may not write this one, bert may
        for (const [who, user] of Object.entries({ ada, bert })) {
          const sent = tool(program, 'pub', 1, ['-V', version, ...user, '-q', qos, '-t', 'devices/bert/x', '-m', who])
          seen[`pub by ${who} at ${qos}`] = await ending(sent)
        }
        seen[`sub at ${qos}`] = await ending(reader)
      }
      return seen
    })
    expect(outcome['sub at 1']).toMatchObject({
      code: 0,
      out: ['> plant/1/public 1 0 plant/1/public', '> devices/bert/x 1 0 bert'],
    })
  })

  it('turns strangers away', async () => {
    const cases = {
      anonymous: [],
      'wrong password': ['-u', 'ada', '-P', 'wrong'],
      'unknown user': ['-u', 'eve', '-P', 'secret'],
      'no password': ['-u', 'ada'],
    }
    const outcome = await expectSame(async (program) => {
      const seen: Outcome = {}
      for (const version of versions) {
        for (const [who, login] of Object.entries(cases)) {
          const sent = tool(program, 'pub', 1, ['-V', version, ...login, '-t', 'plant/x', '-m', 'x'])
          seen[`${who} by ${version}`] = await ending(sent)
        }
      }
      return seen
    })
    for (const said of Object.values(outcome)) expect(said).not.toMatchObject({ code: 0 })
  })

  it('asks for certificates where the conf says so', async () => {
    const outcome = await expectSame(async (program) => {
      const seen: Outcome = {}
      const ca = ['--cafile', made.authority.caFile]
      const reader = tool(program, 'sub', 2, ['-d', ...ca, ...ada, '-t', 'plant/#', '-C', '1', '-W', '10', ...shown])
      await reader.line(/^Subscribed/)
      const cases = {
        'login over TLS': [2, [...ca, ...ada, '-t', 'plant/tls']],
        'another authority': [2, ['--cafile', made.otherAuthority.caFile, ...ada, '-t', 'plant/x']],
        'no certificate': [3, [...ca, ...ada, '-t', 'plant/x']],
        'foreign certificate': [3, [...ca, ...own(made.foreign), '-t', 'plant/x']],
        'expired certificate': [3, [...ca, ...own(made.expiredDevice), '-t', 'plant/x']],
        'certificate without right': [3, [...ca, ...own(made.device), '-V', 'mqttv5', '-t', 'plant/x']],
        'certificate with right': [3, [...ca, ...own(made.device), '-V', 'mqttv5', '-t', 'devices/device-7/x']],
        'certificate and another name': [3, [...ca, ...own(made.device), ...bert, '-t', 'devices/device-7/x']],
        'certificate without a name': [3, [...ca, ...own(made.nameless), '-t', 'devices/x']],
      } as const
      for (const [what, [listener, args]] of Object.entries(cases)) {
        const sent = tool(program, 'pub', listener, [...args, '-q', '1', '-m', 'x'])
        // how far a handshake had come when one side gave up is a matter of timing, and so is what the tool calls it
        seen[what] = isOfHandshake(what) ? (await sent.ended).code !== 0 : await ending(sent)
      }
      seen['over TLS'] = await ending(reader)
      return seen
    })
    expect(outcome['over TLS']).toMatchObject({ code: 0, out: ['> plant/tls 0 0 x'] })
    expect(outcome['certificate with right']).toMatchObject({ code: 0, err: '' })
    expect(outcome['certificate and another name']).toMatchObject({ code: 0, err: '' })
    for (const what of handshakeFaults) expect([what, outcome[what]]).toEqual([what, true])
  })

  it('carries a request and its response', async () => {
    const outcome = await expectSame(async (program) => {
      const reader = tool(program, 'sub', 1, [
        '-V',
        '5',
        '-d',
        ...ada,
        '-t',
        'plant/ask',
        '-C',
        '1',
        '-W',
        '10',
        '-F',
        '> %t %p %R',
      ])
      await reader.line(/^Subscribed/)
      const asked = ['-t', 'plant/ask', '-e', 'plant/answer', '-m', 'what', '-W', '10', ...shown]
      const asker = tool(program, 'rr', 1, ['-V', '5', '-d', ...ada, ...asked])
      const request = await ending(reader)
      const reply = tool(program, 'pub', 1, ['-V', '5', ...ada, '-t', 'plant/answer', '-m', 'that'])
      return { request, reply: await ending(reply), response: await ending(asker) }
    })
    expect(outcome['response']).toMatchObject({ code: 0, out: ['> plant/answer 0 0 that'] })
  })

  it('keeps what was retained and what waits over a stop and a start', async () => {
    const lasting = ['-c', '-i', 'keeper', '-q', '1', '-t', 'plant/#', '-V', 'mqttv311']
    const outcome = await expectSame(async (program) => {
      const seen: Outcome = {}
      seen['subscribed'] = await ending(tool(program, 'sub', 1, [...ada, ...lasting, '-E']))
      for (const [topic, more] of [
        ['plant/kept', ['-r']],
        ['plant/waits', []],
      ] as const) {
        seen[topic] = await ending(tool(program, 'pub', 1, [...ada, '-q', '1', '-t', topic, '-m', topic, ...more]))
      }
      seen['exit code'] = await program.stop()
      seen['pid file'] = existsSync(join(program.directory, 'run/mosquitto.pid'))
      seen['terminal'] = program.output.replaceAll(program.directory, '@DIR@')
      await program.start()
      seen['pid file of the next'] = /^\d+\n?$/.test(readFileSync(join(program.directory, 'run/mosquitto.pid'), 'utf8'))
      seen['waited'] = await ending(tool(program, 'sub', 1, [...ada, ...lasting, '-C', '2', '-W', '10', ...shown]))
      seen['retained'] = await ending(
        tool(program, 'sub', 1, [...ada, '-t', 'plant/#', '-C', '1', '-W', '10', ...shown]),
      )
      return seen
    })
    expect(outcome['waited']).toMatchObject({
      code: 0,
      out: ['> plant/kept 1 0 plant/kept', '> plant/waits 1 0 plant/waits'],
    })
    expect(outcome['retained']).toMatchObject({ code: 0, out: ['> plant/kept 0 1 plant/kept'] })
  })

  it('needs every row of the table of differences', () => {
    expect(unusedRows('stock')).toEqual([])
  })
})
