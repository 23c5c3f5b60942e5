import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtPackage } from '../../support/built-package.ts'
import { killSpawnedClients } from '../../clients/spawned-client.ts'
import { hex } from '../../support/wire-packets.ts'
import { releaseClients, WireClient } from '../../support/wire-client.ts'
import { absence, sayWhyAbsent } from './debian-mosquitto.ts'
import { countedLines } from './log-lines.ts'
import { passwordFile } from './mosquitto-passwd.ts'
import { findings, told, unusedRows } from './outcome.ts'
import { removeDirectories } from './pair.ts'
import { type BrokerProgram, ending, programsOn, tool } from './programs.ts'

sayWhyAbsent("lines of the log beside Debian's mosquitto")

const conf = `
user root
log_type all
log_dest stderr
set_tcp_nodelay true
allow_anonymous true
password_file @DIR@/passwd
acl_file @DIR@/acl
listener @PORT1@ 127.0.0.1
`
const acl = 'topic readwrite log/#\ntopic deny log/secret\nuser ada\ntopic readwrite log/#\n'

describe.skipIf(absence !== undefined)("the log, beside Debian's mosquitto", () => {
  let main = ''

  beforeAll(async () => {
    main = join((await builtPackage()).folder, 'dist/mosquitto-compat/run/main.js')
  })
  afterAll(async () => {
    killSpawnedClients()
    removeDirectories()
    await releaseClients().catch(() => undefined)
  })

  it('has the same lines of the same script', async () => {
    const others = { passwd: passwordFile({ ada: 'secret' }), acl }
    const programs = await programsOn({ conf, others, ports: 1 }, main)
    const logs: string[] = []
    for (const program of programs) {
      await program.start()
      await script(program)
      expect(await program.stop()).toBe(0)
      logs.push(program.output)
    }
    const [theirs, ours] = programs.map(({ output, directory }) => countedLines(output, directory))
    expect(told(findings('log', [theirs ?? {}, ours ?? {}]), 'as above'), logs.join('\n\n')).toEqual([])
    expect(theirs).toMatchObject({ 'mosquitto version N running': 1, 'Client p1 disconnected.': 1 })
  })

  it('needs every row of the table of differences', () => {
    expect(unusedRows('log')).toEqual([])
  })
})

/** What clients do that a log tells of. */
async function script(program: BrokerProgram): Promise<void> {
  const reader = tool(program, 'sub', 1, ['-i', 'reader', '-d', '-q', '2', '-t', 'log/#', '-t', 'other', '-C', '5'])
  await reader.line(/^Subscribed/)
  const sends: readonly string[][] = [
    ['-i', 'p0', '-q', '0', '-t', 'log/0', '-m', 'none'],
    ['-i', 'p1', '-q', '1', '-t', 'log/1', '-m', 'one', '-V', 'mqttv5'],
    ['-i', 'p2', '-q', '2', '-t', 'log/2', '-m', 'two', '-r', '-V', 'mqttv31'],
    ['-i', 'ada', '-u', 'ada', '-P', 'secret', '-t', 'log/a', '-m', 'x', '-k', '30', '-c'],
    ['-i', 'denied', '-q', '1', '-t', 'log/secret', '-m', 'x', '-V', 'mqttv5'],
    ['-i', 'wrong', '-u', 'ada', '-P', 'wrong', '-t', 'log/a', '-m', 'x'],
    ['-i', 'willing', '-t', 'log/w', '-n', '--will-topic', 'log/will', '--will-payload', 'gone', '--will-qos', '1'],
  ]
  for (const args of sends) await ending(tool(program, 'pub', 1, args))
  await reader.ended
  await ending(tool(program, 'sub', 1, ['-i', 'late', '-q', '1', '-t', 'log/#', '-C', '1']))
  await odd(program)
}

/** What no tool does. */
async function odd({ ports }: BrokerProgram): Promise<void> {
  const port = ports[0] ?? 0
  const first = await WireClient.connected({ port, clientId: 'twin', version: 4, keepAlive: 10 })
  await first.barrier()
  const second = await WireClient.connected({ port, clientId: 'twin', version: 4, keepAlive: 10 })
  await first.closed()
  second.transport.end()
  await second.closed()
  const leaver = await WireClient.connected({ port, clientId: 'leaver', version: 5, keepAlive: 10 })
  await leaver.subscribe([{ topicFilter: 'log/one', qos: 1 }])
  await leaver.unsubscribe('log/one')
  await leaver.unsubscribe('log/other')
  await leaver.disconnect()
  const will = { topicName: 'log/will', payload: 'gone' }
  const mute = await WireClient.connected({ port, clientId: 'mute', version: 5, keepAlive: 10, will })
  mute.send(hex('00 00'))
  await mute.closed()
  const stranger = await WireClient.open({ port, version: 4 })
  stranger.send(hex('c0 00'))
  await stranger.closed()
  const nameless = await WireClient.connected({ port, clientId: '', version: 5, keepAlive: 10 })
  await nameless.disconnect()
}
