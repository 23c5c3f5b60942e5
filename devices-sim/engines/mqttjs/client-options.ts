import type { IClientOptions, IClientPublishOptions } from 'mqtt'
import type { ConnectTerms, OutboundPublish, WillTerms } from '../engine.ts'

/** How long a broker may take to answer CONNECT. */
const CONNECT_TIMEOUT_MS = 30_000

type PublishProperties = NonNullable<IClientPublishOptions['properties']>

/** What MQTT.js is told of a connection: no reconnects, no queue, no subscriptions of its own accord. */
export function clientOptions(terms: ConnectTerms): IClientOptions {
  const { protocolVersion, cleanStart, sessionExpiryInterval, keepAlive, clientId, userName, password, will } = terms
  const isVersion5 = protocolVersion === 5
  return {
    manualConnect: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    protocolId: 'MQTT',
    protocolVersion,
    clientId,
    keepalive: keepAlive,
    // 3.1.1 has one flag for both: begin anew, and keep nothing
    clean: isVersion5 ? cleanStart : cleanStart || sessionExpiryInterval === 0,
    ...(userName !== undefined && { username: userName }),
    ...(password !== undefined && { password }),
    ...(isVersion5 && sessionExpiryInterval > 0 && { properties: { sessionExpiryInterval } }),
    ...(will !== undefined && { will: willOf(will, isVersion5) }),
  }
}

/** Copies what the caller may change afterwards; MQTT.js writes at the end of the tick. */
export function publishOptions(message: OutboundPublish, protocolVersion: 4 | 5): IClientPublishOptions {
  const { qos, retain } = message
  return protocolVersion === 5 ? { qos, retain, properties: publishProperties(message) } : { qos, retain }
}

function publishProperties(message: OutboundPublish): PublishProperties {
  const { expiry, mark, userProperties, responseTopic, correlationData } = message
  const properties: PublishProperties = {}
  if (expiry !== undefined) properties.messageExpiryInterval = Math.ceil(expiry)
  if (responseTopic !== undefined) properties.responseTopic = responseTopic
  if (correlationData !== undefined) properties.correlationData = Buffer.from(correlationData)
  if (mark !== undefined) properties.userProperties = { ...userProperties, sim: mark }
  else if (userProperties !== undefined) properties.userProperties = { ...userProperties }
  return properties
}

function willOf(will: WillTerms, isVersion5: boolean): NonNullable<IClientOptions['will']> {
  const { topic, payload, qos, retain, delay, mark } = will
  const properties = {
    ...(delay !== undefined && { willDelayInterval: delay }),
    ...(mark !== undefined && { userProperties: { sim: mark } }),
  }
  return { topic, payload: Buffer.from(payload), qos, retain, ...(isVersion5 && { properties }) }
}
