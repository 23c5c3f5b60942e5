import { constants, createHash, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, DEFAULT_CIPHERS } from 'node:tls'
import { parsePskFile } from '../auth/psk-file.ts'
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
  if (clientCertificate !== 'none' && tls.caFile === undefined && tls.caDirectory === undefined) {
    throw new Error(
      'clientCertificate needs caFile or caDirectory: the authorities whose client certificates are believed',
    )
  }
  if (clientCertificate === 'none' && certificateUser !== 'none' && tls.psk === undefined) {
    throw new Error('certificateUser needs clientCertificate: optional or required')
  }
  if (tls.psk !== undefined) return preparePsk(tls, tls.psk, handshakeTimeoutMs, findings)
  const { certificateFile, keyFile } = tls
  if (certificateFile === undefined || keyFile === undefined) {
    throw new Error('certificateFile and keyFile are needed, or psk in their place')
  }
  const identity = readIdentity(certificateFile, keyFile, tls.keyPassphrase, findings)
  const ca = readAuthorities(authorityFiles(tls), nowMs, findings)
  const crl = tls.revocationFile === undefined ? [] : readBlocks(tls.revocationFile, 'X509 CRL')
  const context = {
    ...identity,
    ...(ca.length > 0 && { ca }),
    ...(crl.length > 0 && { crl }),
    minVersion: tls.minimumVersion ?? 'TLSv1.2',
    ...ciphersOf(tls),
  }
  const others = Object.keys(tls).filter((name) => otherNames.has(name))
  attempt(others.join(' or '), () => createSecureContext(context))
  const certificate = new X509Certificate(identity.cert)
  warnOfDates(certificate, certificateFile, nowMs, findings)
  const hash = createHash('sha256').update(identity.cert)
  for (const block of [...ca, ...crl]) hash.update(block)
  return {
    terms: { context, clientCertificate, certificateUser, handshakeTimeoutMs },
    fingerprint: hash.digest('hex'),
    description: `${ownerOf(certificate)}, valid until ${certificate.validTo}`,
  }
}

const otherNames: ReadonlySet<string> = new Set(['caFile', 'caDirectory', 'revocationFile', 'ciphers', 'cipherSuites'])

/** Keys shared with clients: nobody shows a certificate. */
function preparePsk(
  tls: TlsSettings,
  psk: NonNullable<TlsSettings['psk']>,
  handshakeTimeoutMs: number,
  findings: Findings,
): PreparedTls {
  const others = (['certificateFile', 'keyFile', 'caFile', 'caDirectory'] as const).filter(
    (name) => tls[name] !== undefined,
  )
  if (others.length > 0) throw new Error(`psk is in the place of certificates: leave out ${others.join(', ')}`)
  const { text, warnings } = readSecretFile(psk.file)
  const parsed = parsePskFile(text, psk.file)
  for (const warning of [...warnings, ...parsed.warnings]) findings.warn(warning)
  if (parsed.keys.size === 0) findings.warn(`${psk.file} has no keys: nobody can connect where it holds`)
  const context = {
    minVersion: tls.minimumVersion ?? 'TLSv1.2',
    ...ciphersOf({ ciphers: 'PSK:!eNULL', ...definedOnly(tls) }),
    // a session that is resumed does not say whose key it began with
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
  attempt('ciphers', () => createSecureContext(context))
  return {
    terms: {
      context,
      psk: { keys: parsed.keys, hint: psk.hint },
      clientCertificate: 'none',
      certificateUser: tls.certificateUser ?? 'none',
      handshakeTimeoutMs,
    },
    fingerprint: createHash('sha256').update(text).digest('hex'),
    description: `${parsed.keys.size} shared keys`,
  }
}

function definedOnly({ ciphers, cipherSuites }: TlsSettings): Pick<TlsSettings, 'ciphers' | 'cipherSuites'> {
  return { ...(ciphers !== undefined && { ciphers }), ...(cipherSuites !== undefined && { cipherSuites }) }
}

/** Node has one list for both: suites of TLS 1.3 are told by their names. What is left out stays as Node has it. */
function ciphersOf({ ciphers, cipherSuites }: Pick<TlsSettings, 'ciphers' | 'cipherSuites'>): { ciphers?: string } {
  if (ciphers === undefined && cipherSuites === undefined) return {}
  const usual = DEFAULT_CIPHERS.split(':')
  const suites = cipherSuites ?? (hasSuites(ciphers) ? '' : usual.filter(isSuite).join(':'))
  const list = ciphers ?? usual.filter((name) => !isSuite(name)).join(':')
  return { ciphers: [suites, list].filter((part) => part !== '').join(':') }
}

function hasSuites(ciphers = ''): boolean {
  return ciphers.split(':').some(isSuite)
}

function isSuite(name: string): boolean {
  return name.startsWith('TLS_')
}

/** The file of authorities, and those of their directory: what in it has no certificate is no business of ours. */
function authorityFiles({ caFile, caDirectory }: TlsSettings): string[] {
  const files = caFile === undefined ? [] : [caFile]
  if (caDirectory === undefined) return files
  const inDirectory = attempt(caDirectory, () => readdirSync(caDirectory))
    .toSorted()
    .map((name) => join(caDirectory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
    .filter((path) => read(path).includes('-----BEGIN CERTIFICATE-----'))
  if (inDirectory.length === 0) throw new Error(`${caDirectory} has no file with a certificate (PEM)`)
  return [...files, ...inDirectory]
}

/** What the listener shows, and how it proves that it is its own. */
function readIdentity(certificateFile: string, keyFile: string, keyPassphrase: string | undefined, findings: Findings) {
  const { bytes: key, warnings } = readSecretFile(keyFile)
  for (const warning of warnings) findings.warn(warning)
  const passphrase = keyPassphrase !== undefined && { passphrase: keyPassphrase }
  const identity = { cert: read(certificateFile), key, ...passphrase }
  attempt(`${certificateFile} and ${keyFile}`, () => createSecureContext(identity), key.includes('ENCRYPTED'))
  return identity
}

/** Authorities of which none is valid would turn every client away. */
function readAuthorities(files: readonly string[], nowMs: number, findings: Findings): string[] {
  const authorities: string[] = []
  const expired: string[] = []
  for (const file of files) {
    for (const text of readBlocks(file, 'CERTIFICATE')) {
      if (authorities.includes(text)) continue // a rehashed directory has each twice
      const authority = attempt(file, () => new X509Certificate(text))
      const isExpired = Date.parse(authority.validTo) <= nowMs
      if (isExpired) expired.push(`${ownerOf(authority)} in ${file} has expired on ${authority.validTo}`)
      authorities.push(text)
    }
  }
  if (files.length > 0 && expired.length === authorities.length)
    throw new Error(`no authority is valid: ${expired.join('; ')}`)
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
