import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { readSecretFile } from '../auth/secret-file.ts'
import type { TlsSettings } from '../settings/settings.ts'
import type { TlsTerms } from '../transport/tls-terms.ts'
import type { Findings } from './findings.ts'

export interface PreparedTls {
  readonly terms: TlsTerms
  /** Tells one certificate from another. */
  readonly fingerprint: string
  /** For people: whose certificate, and until when. */
  readonly description: string
}

/** Reads certificates and key, and sees that they fit together. Throws with a sentence for the operator. */
export function prepareTls(tls: TlsSettings, nowMs: number, findings: Findings): PreparedTls {
  const certificate = read(tls.certificateFile)
  const key = readSecretFile(tls.keyFile)
  for (const warning of key.warnings) findings.warn(warning)
  const context = {
    cert: certificate,
    key: key.bytes,
    minVersion: tls.minimumVersion ?? 'TLSv1.2',
    ...(tls.keyPassphrase !== undefined && { passphrase: tls.keyPassphrase }),
    ...(tls.caFile !== undefined && { ca: read(tls.caFile) }),
    ...(tls.revocationFile !== undefined && { crl: read(tls.revocationFile) }),
    ...(tls.ciphers !== undefined && { ciphers: tls.ciphers, honorCipherOrder: true }),
  }
  const { clientCertificate = 'none', certificateUser = 'none' } = tls
  if (clientCertificate !== 'none' && tls.caFile === undefined) {
    throw new Error('clientCertificate needs caFile: the authorities whose client certificates are believed')
  }
  if (clientCertificate === 'none' && certificateUser !== 'none') {
    throw new Error('certificateUser needs clientCertificate: optional or required')
  }
  try {
    createSecureContext(context)
  } catch (error) {
    throw new Error(`${tls.certificateFile} and ${tls.keyFile}: ${explain(error as NodeJS.ErrnoException)}`, {
      cause: error,
    })
  }
  const x509 = new X509Certificate(certificate)
  warnOfDates(x509, tls.certificateFile, nowMs, findings)
  const fingerprint = [x509.fingerprint256, tls.caFile, tls.revocationFile]
    .map((part, index) => (index === 0 || part === undefined ? part : read(part).toString('base64')))
    .join(' ')
  return {
    terms: { context, clientCertificate, certificateUser },
    fingerprint,
    description: `${x509.subject.split('\n').at(-1)}, valid until ${x509.validTo}`,
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as Error).message}`, { cause: error })
  }
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') return 'the key does not belong to the certificate'
  if (code?.includes('BAD_DECRYPT') || code === 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED') {
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
