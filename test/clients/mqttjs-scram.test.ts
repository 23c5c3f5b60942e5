import mqtt, { type IConnackPacket, type MqttClient } from 'mqtt'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { HashQueue } from '../../src/auth/hash-queue.ts'
import { ScramCredential } from '../../src/auth/scram-credential.ts'
import { StandardAuthenticator } from '../../src/auth/standard-authenticator.ts'
import { silentLog } from '../../src/observe/silent-log.ts'
import type { Broker } from '../../src/server/broker.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import { type ScramClient, scramClient } from '../auth/scram-client.ts'

type AuthPacket = Parameters<MqttClient['handleAuth']>[0]

const authenticationMethod = 'SCRAM-SHA-256'
const clients: MqttClient[] = []
let broker: Broker
let url: string

beforeAll(async () => {
  const ada = await ScramCredential.create(Buffer.from('secret'), 4096)
  if (ada === undefined) throw new Error('the password is allowed')
  const credentials = new Map([['ada', ada]])
  const authenticator = new StandardAuthenticator({ log: silentLog, hashQueue: new HashQueue(), credentials })
  broker = createBroker({ listeners: [{ kind: 'tcp', port: 0 }] }, { authenticator })
  const [address] = await broker.listen()
  url = address?.url ?? ''
})
afterAll(() => broker.close())
afterEach(() => Promise.all(clients.splice(0).map((client) => client.endAsync(true))))

/** MQTT.js answers a challenge with what `handleAuth` gives it; the rest of the exchange is ours. */
class ScramLogin {
  readonly client: MqttClient
  #scram: ScramClient
  #reauthenticated: (packet: AuthPacket) => void = () => {}

  constructor(user: string, password: string) {
    this.#scram = scramClient(user, password, 'first')
    const properties = { authenticationMethod, authenticationData: this.#scram.first }
    this.client = mqtt.connect(url, { protocolVersion: 5, reconnectPeriod: 0, manualConnect: true, properties })
    clients.push(this.client)
    this.client.handleAuth = (packet, callback) => {
      if (packet.reasonCode === 0) this.#reauthenticated(packet)
      callback(undefined, packet.reasonCode === 0 ? undefined : this.#answer(packet))
    }
  }

  connect(): Promise<IConnackPacket> {
    return new Promise((resolve, reject) => {
      this.client.once('connect', resolve).once('error', reject)
      this.client.connect()
    })
  }

  /** AUTH 0x19, for which MQTT.js has no call of its own. Rejects when the broker hangs up. */
  reauthenticate(user: string, password: string): Promise<AuthPacket> {
    this.#scram = scramClient(user, password, 'second')
    return new Promise((resolve, reject) => {
      this.#reauthenticated = resolve
      this.client.once('disconnect', ({ reasonCode }) => reject(new Error(`disconnected with ${reasonCode}`)))
      const properties = { authenticationMethod, authenticationData: this.#scram.first }
      this.client['_sendPacket']({ cmd: 'auth', reasonCode: 0x19, properties })
    })
  }

  trusts(packet: IConnackPacket | AuthPacket): boolean {
    const data = packet.properties?.authenticationData
    return data !== undefined && this.#scram.trusts(data)
  }

  #answer(packet: AuthPacket): AuthPacket {
    const challenge = packet.properties?.authenticationData ?? Buffer.from('')
    const properties = { authenticationMethod, authenticationData: this.#scram.final(challenge) }
    return { cmd: 'auth', reasonCode: 0x18, properties }
  }
}

describe('MQTT.js with SCRAM-SHA-256', () => {
  it('logs in, proves itself again, and the broker proves itself both times', async () => {
    const login = new ScramLogin('ada', 'secret')
    expect(login.trusts(await login.connect())).toBe(true)
    await login.client.subscribeAsync('garden/#', { qos: 1 })
    expect(login.trusts(await login.reauthenticate('ada', 'secret'))).toBe(true)
    await login.client.publishAsync('garden/door', 'open', { qos: 1 })
  })

  it.each([
    ['ada', 'wrong'],
    ['eve', 'secret'],
  ])('%s with the password %s is refused', async (user, password) => {
    await expect(new ScramLogin(user, password).connect()).rejects.toMatchObject({ code: 0x87 })
  })

  it('is disconnected when it cannot prove itself again', async () => {
    const login = new ScramLogin('ada', 'secret')
    await login.connect()
    await expect(login.reauthenticate('ada', 'wrong')).rejects.toThrow(`disconnected with ${0x87}`)
  })
})
