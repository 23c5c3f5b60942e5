import {
  ackPacket,
  authPacket,
  connectPacket,
  disconnectPacket,
  pingreqPacket,
  type ProtocolVersion,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
} from '../support/wire-packets.ts'

/** Numbers in [0, 1) from a seed, so that a failing run can be repeated. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return this.#state / 4_294_967_296
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}

/** Valid traffic of one client after its CONNECT, to be spoilt. */
export function validPackets(version: ProtocolVersion, random: Random): Uint8Array[] {
  const topicName = random.of(['a', 'a/b', 'fuzz/' + random.below(50), '$SYS/x', '/', 'ünïcode/€'])
  const topicFilter = random.of(['#', 'a/+', '+/b/#', '$share/g/a/#', 'fuzz/+', topicName])
  const packetId = 1 + random.below(20)
  const isVersion5 = version === 5
  const publishProperties = {
    payloadFormatIndicator: 1,
    messageExpiryInterval: random.below(100),
    contentType: 'text/plain',
    responseTopic: 'answer',
    correlationData: new Uint8Array([1, 2, 3]),
    userProperties: [
      ['k', 'v'],
      ['', ''],
    ] as [string, string][],
    topicAlias: 1 + random.below(5),
  }
  const publish = (qos: number): Uint8Array =>
    publishPacket(version, topicName, 'x'.repeat(random.below(200)), {
      qos,
      retain: random.next() < 0.3,
      ...(qos > 0 && { packetId }),
      ...(isVersion5 && random.next() < 0.5 && { properties: publishProperties }),
    })
  return [
    publish(0),
    publish(1),
    publish(2),
    ackPacket('puback', packetId),
    ackPacket('pubrec', packetId),
    ackPacket('pubrel', packetId),
    ackPacket('pubcomp', packetId),
    subscribePacket(version, packetId, [{ topicFilter, qos: random.below(3) }]),
    unsubscribePacket(version, packetId, [topicFilter]),
    pingreqPacket,
    ...(isVersion5
      ? [authPacket(0x18, { authenticationMethod: 'x' }), ackPacket('pubrec', packetId, 0x87, { reasonString: 'no' })]
      : []),
    ...(random.next() < 0.1
      ? [isVersion5 ? disconnectPacket(0x04, { sessionExpiryInterval: 5 }) : disconnectPacket()]
      : []),
  ]
}

export function validConnect(version: ProtocolVersion, random: Random): Uint8Array {
  return connectPacket(version, {
    clientId: `fuzz-${random.below(30)}`,
    cleanStart: random.next() < 0.5,
    keepAlive: random.below(100),
    ...(random.next() < 0.5 && { will: { topicName: 'will', payload: 'gone', qos: 1, retain: false } }),
    ...(version === 5 && {
      properties: {
        sessionExpiryInterval: random.below(100),
        receiveMaximum: 1 + random.below(10),
        topicAliasMaximum: 3,
      },
    }),
  })
}

/** Spoils a packet in one to three ways: flips, cuts, insertions, repeats, lengths that lie. */
export function mutate(packet: Uint8Array, random: Random): Uint8Array {
  let bytes = [...packet]
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(bytes.length)
    switch (random.below(7)) {
      case 0:
        bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
        break
      case 1:
        bytes[at] = random.of([0, 1, 0x7f, 0x80, 0xff])
        break
      case 2:
        bytes = bytes.slice(0, at + 1)
        break
      case 3:
        bytes.splice(at, 0, ...Array.from({ length: random.below(8) }, () => random.below(256)))
        break
      case 4:
        bytes.splice(at, 1 + random.below(4))
        break
      case 5:
        bytes.push(...bytes.slice(at))
        break
      default:
        if (bytes.length > 1) bytes[1] = random.below(256)
    }
    if (bytes.length === 0) bytes = [random.below(256)]
  }
  return Uint8Array.from(bytes)
}
