/** What each retained topic may hold: the value acknowledged last, or one that was under way since. */
export class RetainedModel {
  readonly #topics = new Map<string, { acknowledged: string; readonly underWay: string[] }>()

  /** An empty payload clears the topic. */
  sent(topicName: string, payload: string): void {
    const known = this.#topics.get(topicName)
    if (known === undefined) this.#topics.set(topicName, { acknowledged: '', underWay: [payload] })
    else known.underWay.push(payload)
  }

  /** Acknowledgements come in the order of the publishes. */
  acknowledged(topicName: string, payload: string): void {
    const known = this.#topics.get(topicName)
    if (known === undefined) return
    known.underWay.splice(0, known.underWay.indexOf(payload) + 1)
    known.acknowledged = payload
  }

  /** What is wrong with `found`, a sentence each. */
  faults(found: ReadonlyMap<string, string>): string[] {
    const wrong: string[] = []
    for (const [topicName, { acknowledged, underWay }] of this.#topics) {
      const value = found.get(topicName) ?? ''
      if (value === acknowledged || underWay.includes(value)) continue
      const allowed = [acknowledged, ...underWay].map((one) => JSON.stringify(one)).join(' or ')
      wrong.push(`retained ${topicName} is ${JSON.stringify(value)} instead of ${allowed}`)
    }
    for (const topicName of found.keys()) {
      if (!this.#topics.has(topicName)) wrong.push(`retained ${topicName} was never published`)
    }
    return wrong
  }
}
