import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../src/protocol/byte-reader.ts'
import { ByteWriter } from '../../src/protocol/byte-writer.ts'
import {
  decodeProperties,
  encodeProperties,
  encodePropertyBody,
  type Properties,
  type PropertyPlace,
  propertyRules,
} from '../../src/protocol/properties.ts'
import { wire } from '../packet-cases/wire-notation.ts'

const places: readonly PropertyPlace[] = [
  'connect',
  'will',
  'connack',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
  'disconnect',
  'auth',
]
const answers: readonly PropertyPlace[] = ['puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback']

interface PropertyCase {
  readonly name: keyof Properties
  /** Identifier and value. */
  readonly bytes: string
  readonly value: unknown
  readonly places: readonly PropertyPlace[]
  /** Identifier and a value it cannot have. */
  readonly forbidden?: string
}

/** Table 2-4 of the standard, with a value for each. */
const table: readonly PropertyCase[] = [
  { name: 'payloadFormatIndicator', bytes: '01 01', value: 1, places: ['publish', 'will'], forbidden: '01 02' },
  { name: 'messageExpiryInterval', bytes: '02 ff ff ff ff', value: 4_294_967_295, places: ['publish', 'will'] },
  { name: 'contentType', bytes: `03 'text'`, value: 'text', places: ['publish', 'will'] },
  { name: 'responseTopic', bytes: `08 'a/b'`, value: 'a/b', places: ['publish', 'will'] },
  { name: 'correlationData', bytes: '09 00 02 00 ff', value: Uint8Array.of(0, 255), places: ['publish', 'will'] },
  {
    name: 'subscriptionIdentifiers',
    bytes: '0b 80 01',
    value: [128],
    places: ['publish', 'subscribe'],
    forbidden: '0b 00',
  },
  { name: 'sessionExpiryInterval', bytes: '11 00 00 01 00', value: 256, places: ['connect', 'connack', 'disconnect'] },
  { name: 'assignedClientIdentifier', bytes: `12 'id'`, value: 'id', places: ['connack'] },
  { name: 'serverKeepAlive', bytes: '13 01 00', value: 256, places: ['connack'] },
  { name: 'authenticationMethod', bytes: `15 'm'`, value: 'm', places: ['connect', 'connack', 'auth'] },
  { name: 'authenticationData', bytes: '16 00 01 00', value: Uint8Array.of(0), places: ['connect', 'connack', 'auth'] },
  { name: 'requestProblemInformation', bytes: '17 00', value: 0, places: ['connect'], forbidden: '17 02' },
  { name: 'willDelayInterval', bytes: '18 00 00 00 05', value: 5, places: ['will'] },
  { name: 'requestResponseInformation', bytes: '19 01', value: 1, places: ['connect'], forbidden: '19 ff' },
  { name: 'responseInformation', bytes: `1a 'i'`, value: 'i', places: ['connack'] },
  { name: 'serverReference', bytes: `1c 's'`, value: 's', places: ['connack', 'disconnect'] },
  { name: 'reasonString', bytes: `1f 'why'`, value: 'why', places: ['connack', ...answers, 'disconnect', 'auth'] },
  { name: 'receiveMaximum', bytes: '21 00 01', value: 1, places: ['connect', 'connack'], forbidden: '21 00 00' },
  { name: 'topicAliasMaximum', bytes: '22 00 00', value: 0, places: ['connect', 'connack'] },
  { name: 'topicAlias', bytes: '23 ff ff', value: 65_535, places: ['publish'] },
  { name: 'maximumQos', bytes: '24 01', value: 1, places: ['connack'], forbidden: '24 02' },
  { name: 'retainAvailable', bytes: '25 00', value: 0, places: ['connack'], forbidden: '25 02' },
  { name: 'userProperties', bytes: `26 'k' 'v'`, value: [['k', 'v']], places },
  {
    name: 'maximumPacketSize',
    bytes: '27 00 00 00 01',
    value: 1,
    places: ['connect', 'connack'],
    forbidden: '27 00 00 00 00',
  },
  { name: 'wildcardSubscriptionAvailable', bytes: '28 00', value: 0, places: ['connack'], forbidden: '28 02' },
  { name: 'subscriptionIdentifiersAvailable', bytes: '29 01', value: 1, places: ['connack'], forbidden: '29 02' },
  { name: 'sharedSubscriptionAvailable', bytes: '2a 00', value: 0, places: ['connack'], forbidden: '2a 80' },
]

function decode(notation: string, place: PropertyPlace): Properties {
  const bytes = wire(notation)
  return decodeProperties(new ByteReader(bytes, 0, bytes.length), place)
}

const isMalformed = expect.objectContaining({ name: 'ProtocolError', reasonCode: 0x81 })
const isProtocolError = expect.objectContaining({ name: 'ProtocolError', reasonCode: 0x82 })

describe('table 2-4', () => {
  it('is whole', () => {
    expect(propertyRules.map((rule) => rule.name)).toEqual(table.map((one) => one.name))
    expect(propertyRules.map((rule) => rule.id)).toEqual(table.map((one) => wire(one.bytes)[0]))
  })

  for (const { name, bytes, value, places: allowed, forbidden } of table) {
    it(`${name} is read and written in ${allowed.join(', ')} and malformed elsewhere`, () => {
      for (const place of places) {
        if (allowed.includes(place)) expect(decode(`( ${bytes} )`, place), place).toEqual({ [name]: value })
        else expect(() => decode(`( ${bytes} )`, place), place).toThrow(isMalformed)
      }
      expect(encodePropertyBody({ [name]: value })).toEqual(wire(bytes))
    })

    const place = allowed[0] as PropertyPlace
    if (name === 'userProperties' || name === 'subscriptionIdentifiers') {
      it(`${name} may stand twice, in order`, () => {
        const other = name === 'userProperties' ? [['k', 'w']] : [5]
        const otherBytes = name === 'userProperties' ? `26 'k' 'w'` : '0b 05'
        const both = { [name]: [...(value as unknown[]), ...other, ...(value as unknown[])] }
        expect(decode(`( ${bytes} ${otherBytes} ${bytes} )`, 'publish')).toEqual(both)
        expect(encodePropertyBody(both)).toEqual(wire(`${bytes} ${otherBytes} ${bytes}`))
      })
    } else {
      it(`${name} twice is a protocol error [MQTT5-U-3.1.2-a]`, () => {
        for (const one of allowed) expect(() => decode(`( ${bytes} ${bytes} )`, one), one).toThrow(isProtocolError)
      })
    }

    it(`${name} cut is malformed`, () => {
      const all = wire(bytes)
      for (let cut = 1; cut < all.length; cut++) {
        // the rest of it stands behind the properties, so that reading past their end is seen
        const packet = Uint8Array.of(cut, ...all)
        const read = (): Properties => decodeProperties(new ByteReader(packet, 0, packet.length), place)
        expect(read, `${cut} bytes`).toThrow(isMalformed)
      }
    })

    if (forbidden === undefined) continue
    it(`${name} of ${forbidden.slice(3)} is a protocol error`, () => {
      expect(() => decode(`( ${forbidden} )`, place)).toThrow(isProtocolError)
    })
  }

  it('a subscription identifier of 0 is refused wherever it stands', () => {
    expect(() => decode('( 0b 01 0b 00 )', 'publish')).toThrow(isProtocolError)
    expect(() => decode('( 0b 00 )', 'subscribe')).toThrow(isProtocolError)
  })

  it('a subscription identifier may stand before another property and after it', () => {
    const expected = { subscriptionIdentifiers: [1, 2], contentType: 't', payloadFormatIndicator: 0 }
    expect(decode(`( 0b 01 03 't' 0b 02 01 00 )`, 'publish')).toEqual(expected)
  })

  it('a subscription identifier stands once in SUBSCRIBE', () => {
    expect(() => decode('( 0b 01 0b 02 )', 'subscribe')).toThrow(isProtocolError)
  })

  it('a first value of 0 or of no length counts as a value', () => {
    expect(() => decode('( 17 00 17 01 )', 'connect')).toThrow(isProtocolError)
    expect(() => decode(`( 15 '' 15 'm' )`, 'connect')).toThrow(isProtocolError)
    expect(() => decode('( 11 00 00 00 00 11 00 00 00 01 )', 'connect')).toThrow(isProtocolError)
  })
})

describe('property length', () => {
  it('of 0 is no properties [MQTT5-2.2.2-1]', () => {
    expect(decode('00', 'connect')).toEqual({})
    const writer = new ByteWriter()
    encodeProperties(writer, {})
    encodeProperties(writer, undefined)
    expect(writer.view()).toEqual(wire('00 00'))
  })

  it('of two bytes', () => {
    const writer = new ByteWriter()
    const properties = { reasonString: 'a'.repeat(200) }
    encodeProperties(writer, properties)
    expect(writer.view()).toEqual(wire('cb 01 1f 00 c8 61*200'))
    expect(decodeProperties(new ByteReader(writer.view(), 0, writer.length), 'auth')).toEqual(properties)
  })

  it('leaves the reader behind the properties', () => {
    const reader = new ByteReader(wire('02 17 01 aa'), 0, 4)
    decodeProperties(reader, 'connect')
    expect(reader.at).toBe(3)
  })

  it.each([
    ['missing', ''],
    ['past the end of the packet', '03 17 01'],
    ['not in the fewest bytes', '82 00 17 01'],
  ])('%s is malformed', (_, notation) => {
    expect(() => decode(notation, 'connect')).toThrow(isMalformed)
  })

  it('that ends exactly with the packet is not past it', () => {
    expect(decode('02 17 01', 'connect')).toEqual({ requestProblemInformation: 1 })
  })
})

describe('property identifier', () => {
  const known = new Set(table.map((one) => wire(one.bytes)[0]))
  it('that is none is malformed', () => {
    for (let id = 0; id < 128; id++) {
      if (known.has(id)) continue
      expect(() => decode(`( ${id.toString(16).padStart(2, '0')} 00 )`, 'publish'), String(id)).toThrow(isMalformed)
    }
    expect(() => decode('( ab 01 00 )', 'connect'), 'of two bytes').toThrow(isMalformed)
    expect(() => decode('( 97 00 01 )', 'connect'), 'not in the fewest bytes').toThrow(isMalformed)
  })

  it('names the fault in words', () => {
    expect(() => decode('( 04 )', 'connect')).toThrow('0x4 is no property')
    expect(() => decode('( 23 00 01 )', 'connect')).toThrow('topicAlias is not allowed in connect')
    expect(() => decode('( 17 02 )', 'connect')).toThrow('requestProblemInformation must be 0 or 1')
    expect(() => decode('( 21 00 00 )', 'connect')).toThrow('receiveMaximum must not be 0')
    expect(() => decode('( 17 00 17 00 )', 'connect')).toThrow('requestProblemInformation stands twice')
  })
})

it('properties in any order say the same', () => {
  const inConnack = table.filter((one) => one.places.includes('connack'))
  fc.assert(
    fc.property(fc.shuffledSubarray(inConnack), (chosen) => {
      const expected = Object.fromEntries(chosen.map((one) => [one.name, one.value]))
      const decoded = decode(`( ${chosen.map((one) => one.bytes).join(' ')} )`, 'connack')
      expect(decoded).toEqual(expected)
      const inOrder = inConnack.filter((one) => chosen.includes(one))
      expect(encodePropertyBody(decoded)).toEqual(wire(inOrder.map((one) => one.bytes).join(' ')))
    }),
  )
})
