import type { IClientOptions, IConnackPacket, IDisconnectPacket, MqttClient } from 'mqtt'
import { shownUrl } from './broker-url.ts'
import { OperatorError } from './cli-error.ts'
import { closedBeforeConnack, codeText, connectFailure } from './client-failure.ts'

const connectTimeoutMs = 10_000
const reconnectPeriodMs = 1_000

/** DISCONNECT reason codes after which a subscriber tries again: the broker is only on its way down or elsewhere. */
const passingReasons: ReadonlySet<number> = new Set([0x00, 0x88, 0x89, 0x8b])

export interface ClientConnection {
  readonly client: MqttClient
  /** Rejects with an OperatorError when the connection is lost for good. */
  readonly failed: Promise<never>
}

export interface ConnectRequest {
  readonly url: string
  readonly options: IClientOptions
  /** Whether to connect again, without end, once a first connection stood. */
  readonly reconnect: boolean
  /** Called before the first byte leaves, so that no message of a resumed session is missed. */
  readonly prepare: (client: MqttClient) => void
  /** Told what becomes of a connection that comes and goes. */
  readonly notice: (text: string) => void
}

/** Resolves once the broker has accepted; rejects with an OperatorError when it has not. */
export async function connectClient(request: ConnectRequest): Promise<ClientConnection> {
  const { connect } = (await import('mqtt')).default
  const url = shownUrl(request.url)
  const client = connect(request.url, {
    ...request.options,
    connectTimeout: connectTimeoutMs,
    reconnectPeriod: request.reconnect ? reconnectPeriodMs : 0,
  })
  request.prepare(client)
  return new Promise((resolve, reject) => {
    let stands = false
    let isLost = false
    let connack: IConnackPacket | undefined
    let disconnect: IDisconnectPacket | undefined
    let fail: (error: Error) => void = reject
    const giveUp = (message: string): void => {
      client.end(true)
      fail(new OperatorError(message))
    }
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'connack') connack = packet
    })
    client.on('disconnect', (packet) => {
      disconnect = packet
    })
    client.on('error', (error: Error & { code?: string | number }) => {
      const isRefusal = typeof error.code === 'number'
      if (stands && request.reconnect && !isRefusal) return
      if (!stands || request.reconnect) giveUp(connectFailure(error, url, connack?.properties?.reasonString))
      else giveUp(`connection to ${url} broke: ${error.message}`)
    })
    client.on('close', () => {
      if (!stands) return giveUp(closedBeforeConnack(url))
      const code = disconnect?.reasonCode
      if (code !== undefined && !(request.reconnect && passingReasons.has(code))) {
        return giveUp(`the broker closed the connection: ${codeText(code, disconnect?.properties?.reasonString)}`)
      }
      if (!request.reconnect) return giveUp(`the broker at ${url} closed the connection`)
      disconnect = undefined
      // Every failed attempt is a close as well.
      if (client.connected || client.disconnecting || isLost) return
      isLost = true
      request.notice(`connection to ${url} lost; trying again`)
    })
    client.on('connect', () => {
      isLost = false
      if (stands) return request.notice(`connected to ${url} again`)
      stands = true
      const failed = new Promise<never>((_, rejectFailed) => {
        fail = rejectFailed
      })
      failed.catch(() => {}) // a command that is done does not look any more
      resolve({ client, failed })
    })
  })
}
