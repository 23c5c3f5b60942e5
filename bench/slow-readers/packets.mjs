// As much of MQTT 3.1.1 as slow readers and their publisher need.

export const text = (value) => Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)])

export function packet(first, body) {
  const length = []
  for (let rest = body.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest < 128) break
  }
  return Buffer.concat([Buffer.from([first, ...length]), body])
}

export function connectPacket(clientId) {
  return packet(0x10, Buffer.concat([text('MQTT'), Buffer.from([4, 2, 0, 0]), text(clientId)]))
}

/** Gives whole packets to `onPacket(bytes, start, bodyStart)`; what is left of the last waits for the next chunk. */
export function packetReader(onPacket) {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let start = 0
    for (;;) {
      let [length, scale, at] = [0, 1, start + 1]
      while (at < bytes.length) {
        const byte = bytes[at++]
        length += (byte & 127) * scale
        scale *= 128
        if (byte < 128) break
      }
      if (at === start + 1 || at > bytes.length || bytes[at - 1] > 127 || at + length > bytes.length) break
      onPacket(bytes, start, at)
      start = at + length
    }
    rest = start === 0 && bytes === chunk ? Buffer.from(bytes) : Buffer.from(bytes.subarray(start))
  }
}
