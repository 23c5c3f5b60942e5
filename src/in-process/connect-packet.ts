import type { ConnectOptions } from '../contracts/embedding.ts'
import type { ConnectPacket } from '../protocol/packets/connect.ts'
import { quotedTopic, topicTextFault } from '../topics/topic-syntax.ts'
import { payloadBytes } from './encode-message.ts'

/**
 * CONNECT as a program asks for it, MQTT 5.0. Throws TypeError for a payload or password of the wrong kind, RangeError
 * for a will topic that the wire cannot carry.
 */
export function connectPacket(options: ConnectOptions): ConnectPacket {
  const { clientId = '', userName, password, cleanStart = true, keepAlive = 0, will } = options
  const { sessionExpiryInterval } = options
  const fault = will === undefined ? undefined : topicTextFault(will.topic)
  if (will !== undefined && fault !== undefined) throw new RangeError(`will topic ${quotedTopic(will.topic)}: ${fault}`)
  const delay = will?.delay === undefined ? {} : { willDelayInterval: will.delay }
  return {
    protocolVersion: 5,
    isBridge: false,
    cleanStart,
    keepAlive,
    clientId,
    userName,
    password: password === undefined ? undefined : payloadBytes(password),
    properties: sessionExpiryInterval === undefined ? {} : { sessionExpiryInterval },
    will:
      will === undefined
        ? undefined
        : {
            topicName: will.topic,
            payload: payloadBytes(will.payload ?? ''),
            qos: will.qos ?? 0,
            retain: will.retain ?? false,
            properties: { ...will.properties, ...delay },
          },
  }
}
