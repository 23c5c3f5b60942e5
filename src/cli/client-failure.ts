import { isEncrypted } from './broker-url.ts'
import { reasonCodeName } from '../protocol/reason-codes.ts'

/** CONNACK return codes of MQTT 3.1.1, section 3.2.2.3. */
const returnCodeNames: Readonly<Record<number, string>> = {
  1: 'unacceptable protocol version',
  2: 'identifier rejected',
  3: 'server unavailable',
  4: 'bad user name or password',
  5: 'not authorized',
}

/** Why no connection came about, in one line, with what to do. */
export function connectFailure(error: Error & { code?: string | number }, url: string, reasonString?: string): string {
  if (typeof error.code === 'number') {
    return `the broker at ${url} refused the connection: ${codeText(error.code, reasonString)}`
  }
  switch (error.code) {
    case 'ECONNREFUSED':
      return `no broker at ${url} (connection refused); start one with "topiary start" or name another with --url`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `no address is known for ${new URL(url).hostname}; check --url`
    case 'ECONNRESET':
    case 'EPIPE':
      return closedBeforeConnack(url)
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `no answer from ${url} (${error.code}); check --url and the network`
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `the certificate of ${url} is by nobody known here (${error.code}); name its authority with --ca-file`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${url} is for another host: ${error.message}`
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${url} has expired; the broker needs a new one`
    default:
      if (error.message === 'connack timeout') return `${url} took the connection but does not answer; is it MQTT?`
      if (error.code === undefined && parserComplaint.test(error.message)) return notMqtt(url)
      return `cannot connect to ${url}: ${error.message}`
  }
}

/** How MQTT.js begins to speak of bytes that are no MQTT packet. */
const parserComplaint = /^(Invalid |Malformed |Cannot parse |Packet |Unknown property|Not supported|\w+ flag )/i

function notMqtt(url: string): string {
  if (!url.startsWith('mqtt')) return `what answers at ${url} does not speak MQTT over WebSocket`
  return `what answers at ${url} does not speak MQTT over TCP; is it a WebSocket port (ws://)?`
}

export function closedBeforeConnack(url: string): string {
  const other = isEncrypted(url) ? 'does it want a client certificate (--cert-file)' : 'does it want TLS (mqtts://)'
  return `${url} closed the connection before it answered; does an MQTT broker listen there, ${other}, and this -V?`
}

/** `not authorized (0x87)`, with the broker's own words behind it when it sent some. */
export function codeText(code: number, reasonString?: string): string {
  const name = returnCodeNames[code] ?? reasonCodeName(code)
  return `${name} (0x${code.toString(16).padStart(2, '0')})${reasonString === undefined ? '' : `: ${reasonString}`}`
}
