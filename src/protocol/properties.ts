import { type ByteReader, malformed, protocolError } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

export type UserProperty = readonly [name: string, value: string]

/** Properties of a packet by name; what is absent was not on the wire. Section 2.2.2.2. */
export interface Properties {
  payloadFormatIndicator?: number
  messageExpiryInterval?: number
  contentType?: string
  responseTopic?: string
  correlationData?: Uint8Array
  subscriptionIdentifiers?: number[]
  sessionExpiryInterval?: number
  assignedClientIdentifier?: string
  serverKeepAlive?: number
  authenticationMethod?: string
  authenticationData?: Uint8Array
  requestProblemInformation?: number
  willDelayInterval?: number
  requestResponseInformation?: number
  responseInformation?: string
  serverReference?: string
  reasonString?: string
  receiveMaximum?: number
  topicAliasMaximum?: number
  topicAlias?: number
  maximumQos?: number
  retainAvailable?: number
  userProperties?: UserProperty[]
  maximumPacketSize?: number
  wildcardSubscriptionAvailable?: number
  subscriptionIdentifiersAvailable?: number
  sharedSubscriptionAvailable?: number
}

/** Where a property can stand: the packets, and the Will Properties inside CONNECT. */
export type PropertyPlace =
  | 'connect'
  | 'will'
  | 'connack'
  | 'publish'
  | 'puback'
  | 'pubrec'
  | 'pubrel'
  | 'pubcomp'
  | 'subscribe'
  | 'suback'
  | 'unsubscribe'
  | 'unsuback'
  | 'disconnect'
  | 'auth'

type PropertyType = 'flag' | 'two' | 'four' | 'variable' | 'text' | 'binary' | 'pair'

interface PropertyRule {
  readonly id: number
  readonly name: keyof Properties
  readonly type: PropertyType
  readonly places: readonly PropertyPlace[]
  /** 0 is a Protocol Error. */
  readonly notZero?: true
}

const acknowledgements = ['puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback'] as const
const message = ['publish', 'will'] as const

/** Table 2-4 of the standard. `flag` is a byte that may be 0 or 1 only. */
export const propertyRules: readonly PropertyRule[] = [
  { id: 0x01, name: 'payloadFormatIndicator', type: 'flag', places: message },
  { id: 0x02, name: 'messageExpiryInterval', type: 'four', places: message },
  { id: 0x03, name: 'contentType', type: 'text', places: message },
  { id: 0x08, name: 'responseTopic', type: 'text', places: message },
  { id: 0x09, name: 'correlationData', type: 'binary', places: message },
  { id: 0x0b, name: 'subscriptionIdentifiers', type: 'variable', places: ['publish', 'subscribe'], notZero: true },
  { id: 0x11, name: 'sessionExpiryInterval', type: 'four', places: ['connect', 'connack', 'disconnect'] },
  { id: 0x12, name: 'assignedClientIdentifier', type: 'text', places: ['connack'] },
  { id: 0x13, name: 'serverKeepAlive', type: 'two', places: ['connack'] },
  { id: 0x15, name: 'authenticationMethod', type: 'text', places: ['connect', 'connack', 'auth'] },
  { id: 0x16, name: 'authenticationData', type: 'binary', places: ['connect', 'connack', 'auth'] },
  { id: 0x17, name: 'requestProblemInformation', type: 'flag', places: ['connect'] },
  { id: 0x18, name: 'willDelayInterval', type: 'four', places: ['will'] },
  { id: 0x19, name: 'requestResponseInformation', type: 'flag', places: ['connect'] },
  { id: 0x1a, name: 'responseInformation', type: 'text', places: ['connack'] },
  { id: 0x1c, name: 'serverReference', type: 'text', places: ['connack', 'disconnect'] },
  { id: 0x1f, name: 'reasonString', type: 'text', places: ['connack', ...acknowledgements, 'disconnect', 'auth'] },
  { id: 0x21, name: 'receiveMaximum', type: 'two', places: ['connect', 'connack'], notZero: true },
  { id: 0x22, name: 'topicAliasMaximum', type: 'two', places: ['connect', 'connack'] },
  { id: 0x23, name: 'topicAlias', type: 'two', places: ['publish'] },
  { id: 0x24, name: 'maximumQos', type: 'flag', places: ['connack'] },
  { id: 0x25, name: 'retainAvailable', type: 'flag', places: ['connack'] },
  {
    id: 0x26,
    name: 'userProperties',
    type: 'pair',
    places: [
      'connect',
      'will',
      'connack',
      'publish',
      ...acknowledgements,
      'subscribe',
      'unsubscribe',
      'disconnect',
      'auth',
    ],
  },
  { id: 0x27, name: 'maximumPacketSize', type: 'four', places: ['connect', 'connack'], notZero: true },
  { id: 0x28, name: 'wildcardSubscriptionAvailable', type: 'flag', places: ['connack'] },
  { id: 0x29, name: 'subscriptionIdentifiersAvailable', type: 'flag', places: ['connack'] },
  { id: 0x2a, name: 'sharedSubscriptionAvailable', type: 'flag', places: ['connack'] },
]

const ruleById: readonly (PropertyRule | undefined)[] = Array.from({ length: 0x2b }, (_, id) =>
  propertyRules.find((rule) => rule.id === id),
)

/** Reads a property length and the properties behind it. */
export function decodeProperties(reader: ByteReader, place: PropertyPlace): Properties {
  const byteCount = reader.variableByteInteger()
  if (byteCount > reader.remaining) throw malformed('the property length passes the end of the packet')
  return decodePropertyBody(reader, place, reader.at + byteCount)
}

/** Reads the properties up to `end`, without a length in front: the form in which messages keep them. */
export function decodePropertyBody(reader: ByteReader, place: PropertyPlace, end = reader.end): Properties {
  const properties: Properties = {}
  while (reader.at < end) decodeProperty(reader, place, properties)
  if (reader.at !== end) throw malformed('a property passes the end of the properties')
  return properties
}

function decodeProperty(reader: ByteReader, place: PropertyPlace, into: Properties): void {
  const id = reader.variableByteInteger()
  const rule = ruleById[id]
  if (rule === undefined) throw malformed(`0x${id.toString(16)} is no property`)
  if (!rule.places.includes(place)) throw malformed(`${rule.name} is not allowed in ${place}`)
  if (rule.type === 'pair') {
    const pair: UserProperty = [reader.text(), reader.text()]
    if (into.userProperties === undefined) into.userProperties = [pair]
    else into.userProperties.push(pair)
    return
  }
  if (rule.name === 'subscriptionIdentifiers' && place === 'publish' && into.subscriptionIdentifiers !== undefined) {
    into.subscriptionIdentifiers.push(checked(rule, reader.variableByteInteger()))
    return
  }
  // presence decides, not truth: a first value of 0 or '' counts
  if (into[rule.name] !== undefined) throw protocolError(`${rule.name} stands twice`)
  const value = decodeValue(reader, rule)
  Object.assign(into, { [rule.name]: rule.type === 'variable' ? [value] : value })
}

function decodeValue(reader: ByteReader, rule: PropertyRule): number | string | Uint8Array {
  switch (rule.type) {
    case 'flag': {
      const value = reader.byte()
      if (value > 1) throw protocolError(`${rule.name} must be 0 or 1`)
      return value
    }
    case 'two':
      return checked(rule, reader.twoByteInteger())
    case 'four':
      return checked(rule, reader.fourByteInteger())
    case 'variable':
      return checked(rule, reader.variableByteInteger())
    case 'text':
      return reader.text()
    case 'binary':
      return reader.binary()
    case 'pair':
      throw new Error('pairs are read by the caller')
  }
}

function checked(rule: PropertyRule, value: number): number {
  if (rule.notZero && value === 0) throw protocolError(`${rule.name} must not be 0`)
  return value
}

/** Writes the property length and the properties, in the order of the table. */
export function encodeProperties(writer: ByteWriter, properties: Properties | undefined): void {
  const body = properties === undefined ? undefined : encodePropertyBody(properties)
  writer.variableByteInteger(body?.length ?? 0)
  if (body !== undefined) writer.raw(body)
}

/** The properties without their length in front: the form in which messages keep them. */
export function encodePropertyBody(properties: Properties): Uint8Array {
  const body = new ByteWriter()
  for (const rule of propertyRules) {
    const value = properties[rule.name]
    if (value !== undefined) encodeProperty(body, rule, value)
  }
  return body.view()
}

function encodeProperty(
  writer: ByteWriter,
  rule: PropertyRule,
  value: NonNullable<Properties[keyof Properties]>,
): void {
  switch (rule.type) {
    case 'flag':
      writer.byte(rule.id).byte(value as number)
      return
    case 'two':
      writer.byte(rule.id).twoByteInteger(value as number)
      return
    case 'four':
      writer.byte(rule.id).fourByteInteger(value as number)
      return
    case 'variable':
      for (const one of value as number[]) writer.byte(rule.id).variableByteInteger(one)
      return
    case 'text':
      writer.byte(rule.id).text(value as string)
      return
    case 'binary':
      writer.byte(rule.id).binary(value as Uint8Array)
      return
    case 'pair':
      for (const [name, text] of value as UserProperty[]) writer.byte(rule.id).text(name).text(text)
  }
}
