/**
 * MQTT 5.0 properties as the tests see them: one table, read by the encoder and by the decoder of the test client.
 * Written apart from the broker's own codec, so that the two check each other.
 */

type PropertyType = 'byte' | 'two' | 'four' | 'variable' | 'string' | 'binary' | 'pair'
type Carrier =
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

/** What a decoded packet carries. Absent properties are absent keys. */
export interface WireProperties {
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
  userProperties?: [string, string][]
  maximumPacketSize?: number
  wildcardSubscriptionAvailable?: number
  subscriptionIdentifiersAvailable?: number
  sharedSubscriptionAvailable?: number
}

export type PropertyName = keyof WireProperties

interface PropertyRule {
  readonly id: number
  readonly name: PropertyName
  readonly type: PropertyType
  readonly carriers: readonly Carrier[]
}

const everyAck = ['puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback', 'auth'] as const
const rules: readonly PropertyRule[] = [
  { id: 0x01, name: 'payloadFormatIndicator', type: 'byte', carriers: ['publish', 'will'] },
  { id: 0x02, name: 'messageExpiryInterval', type: 'four', carriers: ['publish', 'will'] },
  { id: 0x03, name: 'contentType', type: 'string', carriers: ['publish', 'will'] },
  { id: 0x08, name: 'responseTopic', type: 'string', carriers: ['publish', 'will'] },
  { id: 0x09, name: 'correlationData', type: 'binary', carriers: ['publish', 'will'] },
  { id: 0x0b, name: 'subscriptionIdentifiers', type: 'variable', carriers: ['publish', 'subscribe'] },
  { id: 0x11, name: 'sessionExpiryInterval', type: 'four', carriers: ['connect', 'connack', 'disconnect'] },
  { id: 0x12, name: 'assignedClientIdentifier', type: 'string', carriers: ['connack'] },
  { id: 0x13, name: 'serverKeepAlive', type: 'two', carriers: ['connack'] },
  { id: 0x15, name: 'authenticationMethod', type: 'string', carriers: ['connect', 'connack', 'auth'] },
  { id: 0x16, name: 'authenticationData', type: 'binary', carriers: ['connect', 'connack', 'auth'] },
  { id: 0x17, name: 'requestProblemInformation', type: 'byte', carriers: ['connect'] },
  { id: 0x18, name: 'willDelayInterval', type: 'four', carriers: ['will'] },
  { id: 0x19, name: 'requestResponseInformation', type: 'byte', carriers: ['connect'] },
  { id: 0x1a, name: 'responseInformation', type: 'string', carriers: ['connack'] },
  { id: 0x1c, name: 'serverReference', type: 'string', carriers: ['connack', 'disconnect'] },
  { id: 0x1f, name: 'reasonString', type: 'string', carriers: ['connack', 'disconnect', ...everyAck] },
  { id: 0x21, name: 'receiveMaximum', type: 'two', carriers: ['connect', 'connack'] },
  { id: 0x22, name: 'topicAliasMaximum', type: 'two', carriers: ['connect', 'connack'] },
  { id: 0x23, name: 'topicAlias', type: 'two', carriers: ['publish'] },
  { id: 0x24, name: 'maximumQos', type: 'byte', carriers: ['connack'] },
  { id: 0x25, name: 'retainAvailable', type: 'byte', carriers: ['connack'] },
  {
    id: 0x26,
    name: 'userProperties',
    type: 'pair',
    carriers: ['connect', 'will', 'connack', 'publish', 'subscribe', 'unsubscribe', 'disconnect', ...everyAck],
  },
  { id: 0x27, name: 'maximumPacketSize', type: 'four', carriers: ['connect', 'connack'] },
  { id: 0x28, name: 'wildcardSubscriptionAvailable', type: 'byte', carriers: ['connack'] },
  { id: 0x29, name: 'subscriptionIdentifiersAvailable', type: 'byte', carriers: ['connack'] },
  { id: 0x2a, name: 'sharedSubscriptionAvailable', type: 'byte', carriers: ['connack'] },
]
const ruleById = new Map(rules.map((rule) => [rule.id, rule]))
const ruleByName = new Map(rules.map((rule) => [rule.name, rule]))

export function twoBytes(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff]
}

export function fourBytes(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}

export function variableByteInteger(value: number): number[] {
  const encoded: number[] = []
  let rest = value
  do {
    const digit = rest % 128
    rest = Math.floor(rest / 128)
    encoded.push(rest > 0 ? digit | 0x80 : digit)
  } while (rest > 0)
  return encoded
}

/** A UTF-8 string or binary data behind its two-byte length. Bytes pass as they are, so that tests can break them. */
export function prefixed(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
  return Buffer.concat([Uint8Array.from(twoBytes(bytes.length)), bytes])
}

/** One property on the wire; concatenate several to build lists the rules forbid. */
export function property<Name extends PropertyName>(name: Name, value: NonNullable<WireProperties[Name]>): Uint8Array {
  const rule = ruleByName.get(name)
  if (rule === undefined) throw new Error(`no property named ${name}`)
  if (rule.type === 'variable') {
    const identifiers = value as number[]
    return Buffer.concat(identifiers.map((one) => Uint8Array.from([rule.id, ...variableByteInteger(one)])))
  }
  if (rule.type === 'pair') {
    const pairs = value as [string, string][]
    const id = Uint8Array.of(rule.id)
    return Buffer.concat(pairs.flatMap(([left, right]) => [id, prefixed(left), prefixed(right)]))
  }
  return Buffer.concat([Uint8Array.of(rule.id), encodeValue(rule.type, value as number | string | Uint8Array)])
}

/** All properties without their length. */
export function propertyBytes(properties: WireProperties): Uint8Array {
  const encoded: Uint8Array[] = []
  for (const rule of rules) {
    const value = properties[rule.name]
    if (value !== undefined) encoded.push(property(rule.name, value))
  }
  return Buffer.concat(encoded)
}

/** The properties behind their length; bytes pass as they are. */
export function propertySection(properties: WireProperties | Uint8Array = {}): Uint8Array {
  const bytes = properties instanceof Uint8Array ? properties : propertyBytes(properties)
  return Buffer.concat([Uint8Array.from(variableByteInteger(bytes.length)), bytes])
}

function encodeValue(type: PropertyType, value: number | string | Uint8Array): Uint8Array {
  if (typeof value !== 'number') return prefixed(value)
  if (type === 'byte') return Uint8Array.of(value)
  return Uint8Array.from(type === 'two' ? twoBytes(value) : fourBytes(value))
}

/** Reads the fields of one packet and throws at whatever a strict reader of the standard refuses. */
export class WireReader {
  readonly #bytes: Uint8Array
  #offset: number

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes
    this.#offset = offset
  }

  get left(): number {
    return this.#bytes.length - this.#offset
  }

  take(count: number): Uint8Array {
    if (count > this.left) throw new Error(`field of ${count} bytes runs over the packet's end`)
    this.#offset += count
    return this.#bytes.subarray(this.#offset - count, this.#offset)
  }

  integer(byteCount: 1 | 2 | 4): number {
    return this.take(byteCount).reduce((value, byte) => value * 256 + byte, 0)
  }

  variable(): number {
    let value = 0
    for (let index = 0; index < 4; index++) {
      const byte = this.integer(1)
      value += (byte & 0x7f) * 128 ** index
      if ((byte & 0x80) !== 0) continue
      if (byte === 0 && index > 0) throw new Error('variable byte integer is longer than needed')
      return value
    }
    throw new Error('variable byte integer has more than four bytes')
  }

  binary(): Uint8Array {
    return this.take(this.integer(2))
  }

  string(): string {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.binary())
    if (text.includes('\0')) throw new Error('string holds U+0000')
    return text
  }

  properties(carrier: Carrier): WireProperties {
    const section = new WireReader(this.take(this.variable()))
    const properties: WireProperties = {}
    while (section.left > 0) section.#property(carrier, properties)
    return properties
  }

  #property(carrier: Carrier, into: WireProperties): void {
    const id = this.variable()
    const rule = ruleById.get(id)
    if (rule === undefined || !rule.carriers.includes(carrier)) {
      throw new Error(`property 0x${id.toString(16)} does not belong in ${carrier}`)
    }
    if (rule.name === 'userProperties') {
      into.userProperties ??= []
      into.userProperties.push([this.string(), this.string()])
      return
    }
    if (rule.name === 'subscriptionIdentifiers') {
      const identifier = this.variable()
      if (identifier === 0) throw new Error('Subscription Identifier is 0')
      into.subscriptionIdentifiers ??= []
      into.subscriptionIdentifiers.push(identifier)
      return
    }
    if (rule.name in into) throw new Error(`${rule.name} is there twice`)
    Object.assign(into, { [rule.name]: this.#value(rule.type) })
  }

  #value(type: PropertyType): number | string | Uint8Array {
    if (type === 'byte') return this.integer(1)
    if (type === 'two') return this.integer(2)
    if (type === 'four') return this.integer(4)
    return type === 'string' ? this.string() : this.binary()
  }
}
