import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { releaseClients, WireClient } from '../../support/wire-client.ts'
import { absence, sayWhyAbsent } from './debian-mosquitto.ts'
import { admission, findings, messagesOf, type Outcome, told, unusedRows } from './outcome.ts'
import { both, type Pair, removeDirectories, type Side, startPair } from './pair.ts'
import { passwordFile } from './mosquitto-passwd.ts'

sayWhyAbsent("listeners of their own kind beside Debian's mosquitto")

const conf = `
set_tcp_nodelay true
per_listener_settings true

listener @PORT1@ 127.0.0.1
protocol websockets
http_dir @DIR@/www
allow_anonymous true

listener @PORT2@ 127.0.0.1
allow_anonymous true
acl_file @DIR@/acl-inside

listener @PORT3@ 127.0.0.1
protocol websockets
password_file @DIR@/passwd
acl_file @DIR@/acl-outside
`

const page = '<!doctype html><title>hello</title>\n'
const aclInside = 'topic readwrite inside/#\ntopic read shared/#\npattern write shared/%c\n'
const aclOutside = 'user ada\ntopic write shared/ada\ntopic read inside/open\n'

describe.skipIf(absence !== undefined)("listeners with files and rules of their own, beside Debian's mosquitto", () => {
  let pair: Pair

  beforeAll(async () => {
    const others = {
      'www/index.html': page,
      'www/data.json': '{"a":1}\n',
      'www/deep/page.html': page,
      secret: 'not for the web\n',
      passwd: passwordFile({ ada: 'secret' }),
      'acl-inside': aclInside,
      'acl-outside': aclOutside,
    }
    pair = await startPair({ conf, others, ports: 3 })
    expect([pair.mosquitto.refusal, pair.topiary.refusal]).toEqual([undefined, undefined])
  })
  afterAll(async () => {
    await pair.stop()
    removeDirectories()
    await releaseClients().catch(() => undefined)
  })

  async function expectSame(steps: (side: Side) => Promise<Outcome>): Promise<Outcome> {
    const outcomes = await both(pair, steps)
    expect(told(findings('web', outcomes), 'as above')).toEqual([])
    return outcomes[1]
  }

  it('serve the files of http_dir, and no others', async () => {
    const outcome = await expectSame(async (side) => {
      const seen: Outcome = {}
      for (const path of ['/', '/index.html', '/data.json', '/deep/page.html', '/absent.html', '/..%2fsecret']) {
        const answer = await fetch(`http://127.0.0.1:${side.ports[0]}${path}`)
        seen[`status of ${path}`] = answer.status
        seen[`type of ${path}`] = answer.headers.get('content-type')?.split(';')[0]
        const body = await answer.text()
        if (answer.ok) seen[`body of ${path}`] = body
      }
      return seen
    })
    expect(outcome['body of /index.html']).toBe(page)
    expect(outcome['body of /..%2fsecret']).toBeUndefined()
  })

  it.each([3, 4, 5] as const)('speak MQTT over WebSocket on the same port, version %d', async (version) => {
    const outcome = await expectSame(async (side) => {
      const seen: Outcome = {}
      const terms = { port: side.ports[0] ?? 0, transport: 'websocket', version, autoAcknowledge: true } as const
      for (const [path, subprotocol] of [
        ['/mqtt', 'mqtt'],
        ['/', 'mqtt'],
        ['/any/path', 'mqttv3.1'],
      ] as const) {
        const client = await WireClient.open({ ...terms, path, subprotocols: [subprotocol] })
        const door = await admission(client, { clientId: 'web', keepAlive: 10 })
        seen[`door at ${path} as ${subprotocol}`] = door['connect']
        await client.subscribe([{ topicFilter: 'w/#', qos: 2 }])
        for (const qos of [0, 1, 2]) await client.publish('w/x', `at ${qos}`, { qos })
        seen[`messages at ${path}`] = messagesOf(await client.rest())
        seen[`end at ${path}`] = (await client.disconnect()).reasonCode
      }
      return seen
    })
    expect(outcome['messages at /mqtt']).toHaveLength(3)
  })

  it('judge by the ACL file of the listener that a client came in by', async () => {
    const outcome = await expectSame(async (side) => {
      const seen: Outcome = {}
      const inside = await WireClient.connected({ port: side.ports[1] ?? 0, clientId: 'in', autoAcknowledge: true })
      const ada = await WireClient.open({ port: side.ports[2] ?? 0, transport: 'websocket', autoAcknowledge: true })
      const login = { clientId: 'out', userName: 'ada', password: 'secret', keepAlive: 10 }
      seen['ada'] = (await admission(ada, login))['connect']
      const stranger = await WireClient.open({ port: side.ports[2] ?? 0, transport: 'websocket' })
      seen['nobody'] = (await admission(stranger, { clientId: 'nobody', keepAlive: 10 }))['connect']
      for (const client of [inside, ada]) await client.subscribe([{ topicFilter: '#', qos: 1 }])
      const topics = ['inside/open', 'inside/closed', 'shared/in', 'shared/ada', 'elsewhere']
      for (const [who, client] of Object.entries({ inside, ada })) {
        for (const topicName of topics) {
          const answer = await client.publish(topicName, who, { qos: 1, retain: topicName === 'inside/open' })
          seen[`${who} writes ${topicName}`] = answer?.reasonCode
        }
      }
      seen['inside hears'] = messagesOf(await inside.rest())
      seen['ada hears'] = messagesOf(await ada.rest())
      for (const client of [inside, ada]) await client.disconnect()
      return seen
    })
    expect(outcome).toMatchObject({
      'inside hears': [
        'inside/closed q1 r0 inside',
        'inside/open q1 r0 inside',
        'shared/ada q1 r0 ada',
        'shared/in q1 r0 inside',
      ],
      'ada hears': ['inside/open q1 r0 inside'],
    })
  })

  it('need every row of the table of differences', () => {
    expect(unusedRows('web')).toEqual([])
  })
})
