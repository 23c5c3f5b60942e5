const encoder = new TextEncoder()

/** A topic name or filter as UTF-8, as the trees take it. Used over and over: what is in it is good until the next. */
export class TopicScratch {
  bytes = new Uint8Array(1024)
  length = 0

  write(topic: string): void {
    const { length } = topic
    if (length * 3 > this.bytes.length) this.bytes = new Uint8Array(length * 4)
    const { bytes } = this
    let at = 0
    for (; at < length; at++) {
      const code = topic.charCodeAt(at)
      if (code >= 0x80) break
      bytes[at] = code
    }
    this.length = at === length ? length : encoder.encodeInto(topic, bytes).written
  }
}
