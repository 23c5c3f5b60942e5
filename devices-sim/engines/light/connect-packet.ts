import type { ConnectPacket } from '../../../src/protocol/packets/connect.ts'
import type { Properties } from '../../../src/protocol/properties.ts'
import { reasonCodeName } from '../../../src/protocol/reason-codes.ts'
import { encodeText } from '../../../src/protocol/text.ts'
import type { ConnectTerms, WillTerms } from '../engine.ts'

export function connectPacket(terms: ConnectTerms): ConnectPacket {
  const { protocolVersion, cleanStart, sessionExpiryInterval, keepAlive, clientId, userName, password, will } = terms
  const isVersion5 = protocolVersion === 5
  return {
    protocolVersion,
    isBridge: false,
    // 3.1.1 has one flag for both: begin anew, and keep nothing
    cleanStart: isVersion5 ? cleanStart : cleanStart || sessionExpiryInterval === 0,
    keepAlive,
    clientId,
    userName,
    password: password === undefined ? undefined : encodeText(password),
    properties: isVersion5 && sessionExpiryInterval > 0 ? { sessionExpiryInterval } : {},
    will:
      will === undefined ? undefined : { ...will, topicName: will.topic, properties: willProperties(will, isVersion5) },
  }
}

function willProperties({ delay, mark }: WillTerms, isVersion5: boolean): Properties {
  if (!isVersion5) return {}
  const properties: Properties = {}
  if (delay !== undefined) properties.willDelayInterval = delay
  if (mark !== undefined) properties.userProperties = [['sim', mark]]
  return properties
}

const returnCodes: Readonly<Record<number, string>> = {
  1: 'unacceptable protocol version',
  2: 'client identifier not valid',
  3: 'server unavailable',
  4: 'bad user name or password',
  5: 'not authorized',
}

/** A CONNACK that is no welcome, in words. */
export function connectRefusal(code: number, protocolVersion: 4 | 5): string {
  return protocolVersion === 5 ? reasonCodeName(code).trim() : (returnCodes[code] ?? `return code ${code}`)
}
