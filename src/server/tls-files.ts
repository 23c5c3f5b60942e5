import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { readSecretFile } from '../auth/secret-file.ts'
import type { TlsSettings } from '../settings/settings.ts'
import type { TlsTerms } from '../transport/tls-terms.ts'
import type { Findings } from './findings.ts'

export interface PreparedTls {
  readonly terms: TlsTerms
  /** Tells certificates and revocation lists from others. */
  readonly fingerprint: string
  /** For people: whose certificate, and until when. */
  readonly description: string
}

/** Reads certificates and key, and sees that they fit together. Throws with a sentence for the operator. */
export function prepareTls(
  tls: TlsSettings,
  handshakeTimeoutMs: number,
  nowMs: number,
  findings: Findings,
): PreparedTls {
  const { clientCertificate = 'none', certificateUser = 'none' } = tls
  if (clientCertificate !== 'none' && tls.caFile === undefined) {
    throw new Error('clientCertificate needs caFile: the authorities whose client certificates are believed')
  }
  if (clientCertificate === 'none' && certificateUser !== 'none') {
    throw new Error('certificateUser needs clientCertificate: optional or required')
  }
  const identity = readIdentity(tls, findings)
  const ca = tls.caFile === undefined ? [] : readAuthorities(tls.caFile, nowMs, findings)
  const crl = tls.revocationFile === undefined ? [] : readBlocks(tls.revocationFile, 'X509 CRL')
  const context = {
    ...identity,
    ...(ca.length > 0 && { ca }),
    ...(crl.length > 0 && { crl }),
    minVersion: tls.minimumVersion ?? 'TLSv1.2',
    ...(tls.ciphers !== undefined && { ciphers: tls.ciphers }),
  }
  const others = Object.keys(tls).filter((name) => ['caFile', 'revocationFile', 'ciphers'].includes(name))
  attempt(others.join(' or '), () => createSecureContext(context))
  const certificate = new X509Certificate(identity.cert)
  warnOfDates(certificate, tls.certificateFile, nowMs, findings)
  const hash = createHash('sha256').update(identity.cert)
  for (const block of [...ca, ...crl]) hash.update(block)
  return {
    terms: { context, clientCertificate, certificateUser, handshakeTimeoutMs },
    fingerprint: hash.digest('hex'),
    description: `${ownerOf(certificate)}, valid until ${certificate.validTo}`,
  }
}

/** What the listener shows, and how it proves that it is its own. */
function readIdentity({ certificateFile, keyFile, keyPassphrase }: TlsSettings, findings: Findings) {
  const { bytes: key, warnings } = readSecretFile(keyFile)
  for (const warning of warnings) findings.warn(warning)
  const passphrase = keyPassphrase !== undefined && { passphrase: keyPassphrase }
  const identity = { cert: read(certificateFile), key, ...passphrase }
  attempt(`${certificateFile} and ${keyFile}`, () => createSecureContext(identity), key.includes('ENCRYPTED'))
  return identity
}

/** Authorities of which none is valid would turn every client away. */
function readAuthorities(file: string, nowMs: number, findings: Findings): string[] {
  const authorities = readBlocks(file, 'CERTIFICATE')
  const expired = authorities
    .map((text) => attempt(file, () => new X509Certificate(text)))
    .filter(({ validTo }) => Date.parse(validTo) <= nowMs)
    .map((authority) => `${ownerOf(authority)} in ${file} has expired on ${authority.validTo}`)
  if (expired.length === authorities.length) throw new Error(`no authority is valid: ${expired.join('; ')}`)
  for (const sentence of expired) findings.warn(sentence)
  return authorities
}

/** Node takes only the first revocation list of a text, so each goes by itself. */
function readBlocks(file: string, label: 'CERTIFICATE' | 'X509 CRL'): string[] {
  const pattern = new RegExp(`-----BEGIN ${label}-----[^-]*-----END ${label}-----`, 'g')
  const blocks = read(file).toString('latin1').match(pattern)
  if (blocks === null) throw new Error(`${file} has no part that begins with -----BEGIN ${label}-----`)
  return blocks
}

/** For people: the most specific part of the subject, or the names where there is no subject. */
function ownerOf({ subject, subjectAltName }: X509Certificate): string {
  const parts: string | undefined = subject // undefined when empty, whatever its type says
  return parts?.split('\n').at(-1) ?? subjectAltName ?? 'a certificate without names'
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as Error).message}`, { cause: error })
  }
}

function attempt<T>(what: string, run: () => T, isKeyEncrypted = false): T {
  try {
    return run()
  } catch (error) {
    throw new Error(`${what}: ${explain(error as NodeJS.ErrnoException, isKeyEncrypted)}`, { cause: error })
  }
}

function explain({ code, message }: NodeJS.ErrnoException, isKeyEncrypted: boolean): string {
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') return 'the key does not belong to the certificate'
  // a wrong passphrase may happen to decrypt to something, which is no key then
  const isRubbish = isKeyEncrypted && message.includes('DECODER routines::unsupported')
  const isUndecipherable = code?.includes('BAD_DECRYPT') === true || isRubbish
  if (isUndecipherable || code === 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED') {
    return 'the key is encrypted and keyPassphrase is missing or wrong'
  }
  return message
}

const DAY_MS = 24 * 3600 * 1000

function warnOfDates(certificate: X509Certificate, file: string, nowMs: number, findings: Findings): void {
  const untilMs = Date.parse(certificate.validTo)
  if (Date.parse(certificate.validFrom) > nowMs) findings.warn(`${file} is not valid before ${certificate.validFrom}`)
  if (untilMs <= nowMs) findings.warn(`${file} has expired on ${certificate.validTo}: clients will turn away`)
  else if (untilMs - nowMs < 14 * DAY_MS) findings.warn(`${file} expires on ${certificate.validTo}; renew it`)
}
