/** Aliases a client has set toward the broker; they end with its connection. [MQTT5-3.3.2-7] */
export class InboundTopicAliases<Topic> {
  readonly #topics: (Topic | undefined)[] = []
  /** Highest alias the client may use, 0 for none. [MQTT5-3.3.2-9] */
  readonly maximum: number

  constructor(maximum: number) {
    this.maximum = maximum
  }

  set(alias: number, topic: Topic): void {
    this.#topics[alias] = topic
  }

  get(alias: number): Topic | undefined {
    return this.#topics[alias]
  }
}

/** Aliases the broker uses toward a client: the first topics it is sent get one, and keep it. */
export class OutboundTopicAliases {
  readonly #aliasByTopic = new Map<string, number>()
  readonly #maximum: number

  /** `maximum`: the client's Topic Alias Maximum, ours taken into account. [MQTT5-3.1.2-26] */
  constructor(maximum: number) {
    this.#maximum = maximum
  }

  /** The alias the client knows for a topic, or 0. */
  known(topicName: string): number {
    return this.#aliasByTopic.get(topicName) ?? 0
  }

  /** The alias to introduce with a topic's next PUBLISH, or 0 when all are taken. */
  free(): number {
    return this.#aliasByTopic.size < this.#maximum ? this.#aliasByTopic.size + 1 : 0
  }

  /** The PUBLISH that introduces an alias is on its way; before that the client cannot know it. */
  introduced(topicName: string, alias: number): void {
    this.#aliasByTopic.set(topicName, alias)
  }
}
