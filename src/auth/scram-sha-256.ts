import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { decodeBase64 } from './base64.ts'
import { saslPrep, strictText } from './sasl-prep.ts'
import { type ScramCredential, scramKeyBytes } from './scram-credential.ts'

/*
 * The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding:
 *
 *   client-first   n,,n=USER,r=NONCE               CONNECT, or AUTH 0x19
 *   server-first   r=NONCE+OURS,s=SALT,i=COUNT     AUTH 0x18
 *   client-final   c=biws,r=NONCE+OURS,p=PROOF     AUTH 0x18
 *   server-final   v=SIGNATURE                     CONNACK, or AUTH 0x00
 */

export interface ClientFirst {
  /** Who the client says it is, prepared by SASLprep. */
  readonly user: string
  readonly nonce: string
  readonly gs2Header: string
  readonly bare: string
}

/** What has been said up to the server-first message. */
export interface ScramExchange {
  readonly user: string
  readonly nonce: string
  readonly gs2Header: string
  readonly clientFirstBare: string
  readonly serverFirst: string
}

/** Far above what an honest client sends. */
const maximumMessageBytes = 4096

// m= (a mandatory extension) stands before n= and so does not match; later extensions are allowed and mean nothing here
const clientFirstPattern =
  /^(?<gs2Header>[ny],(?:a=(?<authzid>[^,]+))?,)(?<bare>n=(?<name>[^,]+),r=(?<nonce>[\x21-\x2b\x2d-\x7e]+)(?:,(?!m=)[A-Za-z]=[^,]+)*)$/
const clientFinalPattern =
  /^(?<withoutProof>c=(?<binding>[^,]+),r=(?<nonce>[^,]+)(?:,(?![mp]=)[A-Za-z]=[^,]+)*),p=(?<proof>[^,]+)$/

/** Undefined for a message that is malformed, wants channel binding, or asks to act as somebody else. */
export function readClientFirst(message: Uint8Array): ClientFirst | undefined {
  const groups = fieldsOf(message, clientFirstPattern)
  if (groups === undefined) return undefined
  const { gs2Header = '', bare = '', nonce = '', name = '', authzid } = groups
  const user = userOf(name)
  if (user === undefined || (authzid !== undefined && userOf(authzid) !== user)) return undefined
  return { user, nonce, gs2Header, bare }
}

/** The exchange that answers `first`; its `serverFirst` goes to the client. */
export function answerClientFirst(
  first: ClientFirst,
  { salt, iterations }: Pick<ScramCredential, 'salt' | 'iterations'>,
  serverNonce: string = randomBytes(18).toString('base64'),
): ScramExchange {
  const nonce = first.nonce + serverNonce
  const serverFirst = `r=${nonce},s=${Buffer.from(salt).toString('base64')},i=${iterations}`
  return { user: first.user, nonce, gs2Header: first.gs2Header, clientFirstBare: first.bare, serverFirst }
}

/** The server-final message when the client has proved that it knows the password; undefined when it has not. */
export function answerClientFinal(
  exchange: ScramExchange,
  message: Uint8Array,
  { storedKey, serverKey }: Pick<ScramCredential, 'storedKey' | 'serverKey'>,
): string | undefined {
  const groups = fieldsOf(message, clientFinalPattern)
  if (groups === undefined) return undefined
  const { withoutProof = '', binding = '', nonce = '' } = groups
  const proof = decodeBase64(groups['proof'] ?? '')
  if (binding !== Buffer.from(exchange.gs2Header).toString('base64')) return undefined
  if (nonce !== exchange.nonce || proof?.length !== scramKeyBytes) return undefined
  const authMessage = `${exchange.clientFirstBare},${exchange.serverFirst},${withoutProof}`
  const clientSignature = hmac(storedKey, authMessage)
  const clientKey = proof.map((byte, index) => byte ^ (clientSignature[index] as number))
  if (!timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey)) return undefined
  return `v=${hmac(serverKey, authMessage).toString('base64')}`
}

function fieldsOf(message: Uint8Array, pattern: RegExp): Record<string, string | undefined> | undefined {
  const text = message.length > maximumMessageBytes ? undefined : strictText(message)
  return text === undefined ? undefined : pattern.exec(text)?.groups
}

/** A saslname writes `,` as =2C and `=` as =3D; no other `=` may be in it. */
function userOf(saslname: string): string | undefined {
  if (/=(?!2C|3D)/.test(saslname)) return undefined
  return saslPrep(saslname.replaceAll('=2C', ',').replaceAll('=3D', '='))
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
