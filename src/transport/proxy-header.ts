import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/**
 * The header that a proxy puts in front of a connection to say whose it is: the PROXY protocol, version 1 (a line of
 * text) and version 2 (binary), https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt
 */
export interface ProxyHeader {
  readonly kind: 'header'
  readonly version: 1 | 2
  /** How many bytes it took; the client's own begin after them. */
  readonly length: number
  /** The client's address; undefined when the proxy speaks for itself or does not say. IPv6 in its shortest form. */
  readonly address: string | undefined
  /** 0 without address. */
  readonly port: number
  /** How the client came to the proxy, where that was by TLS and the proxy says so. */
  readonly tls: ProxiedTls | undefined
}

/** TLS between the client and its proxy. */
export interface ProxiedTls {
  /** Of the client's certificate, which the proxy has verified. */
  readonly commonName: string | undefined
}

export interface InvalidProxyHeader {
  readonly kind: 'invalid'
  readonly reason: string
}

const PREFIX_V1 = Uint8Array.from('PROXY ', (character) => character.charCodeAt(0))
const SIGNATURE_V2 = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
const MAXIMUM_BYTES_V1 = 107
const FIXED_BYTES_V2 = 16
/** Addresses and extensions of version 2; proxies send some hundred bytes at most. */
const MAXIMUM_REST_BYTES_V2 = 2048

/** Reads the header at the start of `bytes`, which are all that came so far. Never throws. */
export function parseProxyHeader(bytes: Uint8Array): 'incomplete' | ProxyHeader | InvalidProxyHeader {
  if (bytes.length === 0) return 'incomplete'
  const isText = bytes[0] === PREFIX_V1[0]
  const start = isText ? PREFIX_V1 : SIGNATURE_V2
  const known = Math.min(bytes.length, start.length)
  for (let at = 0; at < known; at++) if (bytes[at] !== start[at]) return invalid('this is no PROXY protocol header')
  if (bytes.length <= start.length) return 'incomplete'
  return isText ? parseText(bytes) : parseBinary(bytes)
}

function parseText(bytes: Uint8Array): 'incomplete' | ProxyHeader | InvalidProxyHeader {
  const lineEnd = bytes.subarray(0, MAXIMUM_BYTES_V1 - 1).indexOf(0x0d)
  const isEnded = lineEnd >= 0
  if (!isEnded && bytes.length >= MAXIMUM_BYTES_V1 - 1) {
    return invalid(`the header is longer than ${MAXIMUM_BYTES_V1} bytes`)
  }
  const line = String.fromCharCode(...(isEnded ? bytes.subarray(0, lineEnd) : bytes))
  const words = line.split(' ')
  const reason = lineFault(words, isEnded)
  if (reason !== undefined) return invalid(reason)
  if (!isEnded || bytes.length === lineEnd + 1) return 'incomplete'
  if (bytes[lineEnd + 1] !== 0x0a) return invalid('the header does not end with CR LF')
  const [, protocol, source = '', , port] = words
  const length = lineEnd + 2
  if (protocol === 'UNKNOWN') return { ...anonymous, version: 1, length }
  const address = protocol === 'TCP6' ? shortestIPv6(source) : source
  return { kind: 'header', version: 1, length, address, port: Number(port), tls: undefined }
}

/** The words after `PROXY TCP4` or `PROXY TCP6`: two addresses, two ports. */
const wordCount = 6

/** What is wrong with the words of a line that has not come whole unless `isEnded`. */
function lineFault(words: readonly string[], isEnded: boolean): string | undefined {
  const [, protocol = ''] = words
  const protocols = ['TCP4', 'TCP6', 'UNKNOWN']
  const isWhole = isEnded || words.length > 2
  if (!protocols.some((name) => (isWhole ? name === protocol : name.startsWith(protocol)))) {
    return 'the protocol is none of TCP4, TCP6 and UNKNOWN'
  }
  if (protocol === 'UNKNOWN' || !isWhole) return undefined // what follows UNKNOWN has no meaning
  for (const [index, word] of words.entries()) {
    if (index < 2) continue
    const isWordWhole = isEnded || index < words.length - 1
    if (index < 4 && !isAddress(protocol, word, isWordWhole)) return `an address is no ${protocol} address`
    if (index >= 4 && !isPort(word, isWordWhole)) return 'a port is no number from 0 to 65535'
  }
  if (words.length > wordCount || (isEnded && words.length < wordCount)) {
    return 'the header has not two addresses and two ports'
  }
  return undefined
}

function isAddress(protocol: string, word: string, isWhole: boolean): boolean {
  if (protocol === 'TCP4') return isWhole ? isIPv4(word) : /^[\d.]{0,15}$/.test(word)
  return /^[\da-f:.]{0,45}$/i.test(word) && (!isWhole || isIPv6(word))
}

function isPort(word: string, isWhole: boolean): boolean {
  return (word === '' && !isWhole) || (/^(?:0|[1-9]\d{0,4})$/.test(word) && Number(word) <= 65_535)
}

/** Least bytes of addresses by family and transport; datagrams carry no MQTT. */
const addressBytes: Readonly<Record<number, number>> = { 0x00: 0, 0x11: 12, 0x21: 36, 0x31: 216 }

function parseBinary(bytes: Uint8Array): 'incomplete' | ProxyHeader | InvalidProxyHeader {
  const [versionAndCommand = 0, family, high, low] = bytes.subarray(SIGNATURE_V2.length, FIXED_BYTES_V2)
  const isLocal = versionAndCommand === 0x20
  if (!isLocal && versionAndCommand !== 0x21) return invalid('the version is not 2, or the command not LOCAL or PROXY')
  if (family === undefined) return 'incomplete'
  // a proxy that speaks for itself (health checks) may put any family
  const leastBytes = isLocal ? 0 : addressBytes[family]
  if (leastBytes === undefined) return invalid('the address family is not TCP over IPv4 or IPv6, UNIX or unspecified')
  if (high === undefined) return 'incomplete'
  const restBytes = high * 256 + (low ?? 0)
  if (restBytes > MAXIMUM_REST_BYTES_V2) return invalid(`the header is longer than ${MAXIMUM_REST_BYTES_V2} bytes`)
  if (low === undefined) return 'incomplete'
  if (restBytes < leastBytes) return invalid('the header is too short for its addresses')
  const length = FIXED_BYTES_V2 + restBytes
  if (bytes.length < length) return 'incomplete'
  const view = new DataView(bytes.buffer, bytes.byteOffset + FIXED_BYTES_V2, restBytes)
  if (isLocal) return { ...anonymous, version: 2, length }
  const tls = proxiedTls(bytes.subarray(FIXED_BYTES_V2 + leastBytes, length))
  if (family !== 0x11 && family !== 0x21) return { ...anonymous, version: 2, length, tls }
  if (family === 0x11) {
    const address = bytes.subarray(FIXED_BYTES_V2, FIXED_BYTES_V2 + 4).join('.')
    return { kind: 'header', version: 2, length, address, port: view.getUint16(8), tls }
  }
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16))
  const address = shortestIPv6(groups.join(':'))
  return { kind: 'header', version: 2, length, address, port: view.getUint16(32), tls }
}

const SSL_EXTENSION = 0x20
const COMMON_NAME_EXTENSION = 0x22
/** Flags of the client: it came by TLS; it showed a certificate, on this connection or in the session it resumes. */
const CAME_BY_TLS = 0x01
const SHOWED_CERTIFICATE = 0x06
/** Flags, and what the verification of the certificate gave: 0 is good. */
const SSL_FIXED_BYTES = 5

/** What the extension for TLS says, where there is one. One that is cut short says nothing. */
function proxiedTls(extensions: Uint8Array): ProxiedTls | undefined {
  const ssl = extension(extensions, SSL_EXTENSION)
  if (ssl === undefined || ssl.length < SSL_FIXED_BYTES) return undefined
  const [flags = 0, ...verification] = ssl.subarray(0, SSL_FIXED_BYTES)
  if ((flags & CAME_BY_TLS) === 0) return undefined
  const isVerified = (flags & SHOWED_CERTIFICATE) !== 0 && verification.every((byte) => byte === 0)
  const name = isVerified ? extension(ssl.subarray(SSL_FIXED_BYTES), COMMON_NAME_EXTENSION) : undefined
  const commonName = name === undefined || name.length === 0 ? undefined : new TextDecoder().decode(name)
  return { commonName }
}

/** The value of the first extension of a kind: a byte for the kind, two for the length, the value. */
function extension(bytes: Uint8Array, kind: number): Uint8Array | undefined {
  let at = 0
  while (at + 3 <= bytes.length) {
    const end = at + 3 + (bytes[at + 1] as number) * 256 + (bytes[at + 2] as number)
    if (end > bytes.length) return undefined
    if (bytes[at] === kind) return bytes.subarray(at + 3, end)
    at = end
  }
  return undefined
}

/** As Node writes the addresses of sockets, so that one client has one address with and without a proxy. */
function shortestIPv6(address: string): string {
  return new SocketAddress({ address, family: 'ipv6' }).address
}

const anonymous = { kind: 'header', address: undefined, port: 0, tls: undefined } as const

function invalid(reason: string): InvalidProxyHeader {
  return { kind: 'invalid', reason }
}
