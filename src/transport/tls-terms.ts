import type { SecureContextOptions, TLSSocket } from 'node:tls'

/** How a listener encrypts, and what it asks of a client's certificate. */
export interface TlsTerms {
  /** Certificates, keys, revocation lists and versions as node:tls takes them. */
  readonly context: SecureContextOptions
  /** Keys that clients share with the broker, by identity: in the place of certificates. */
  readonly psk?: { readonly keys: ReadonlyMap<string, Uint8Array>; readonly hint: string | undefined } | undefined
  readonly clientCertificate: 'none' | 'optional' | 'required'
  /** What of a verified client certificate is taken for the user name; with `psk`, but for `none`, the identity. */
  readonly certificateUser: 'none' | 'common-name' | 'subject'
  /** Handshakes that are not over by then are cut. */
  readonly handshakeTimeoutMs: number
}

/** Of a socket whose handshake is over: who its certificate says it is, or why it is not let in. */
export type CertificateFinding = { readonly user: string | undefined } | { readonly fault: string }

export function judgeCertificate(socket: TLSSocket, terms: TlsTerms, identity: string | undefined): CertificateFinding {
  if (terms.psk !== undefined) {
    if (identity === undefined) return { fault: 'no shared key was used' }
    return { user: terms.certificateUser === 'none' ? undefined : identity }
  }
  if (terms.clientCertificate === 'none') return { user: undefined }
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) {
    return terms.clientCertificate === 'required' ? { fault: 'no client certificate' } : { user: undefined }
  }
  if (!socket.authorized) return { fault: `client certificate: ${String(socket.authorizationError)}` }
  if (terms.certificateUser === 'none') return { user: undefined }
  if (terms.certificateUser === 'subject') return subjectOf(certificate)
  return commonName(socket)
}

function commonName(socket: TLSSocket): CertificateFinding {
  const { CN: user } = (socket.getPeerCertificate().subject ?? {}) as { CN?: string | string[] }
  const isSingle = typeof user === 'string' && user !== ''
  return isSingle ? { user } : { fault: 'the client certificate has no single common name' }
}

/**
 * Most specific part first, joined by commas: the form of RFC 2253. Node gives one part a line, the widest first, puts
 * ` + ` into parts that are several in one, and gives undefined for an empty subject, whatever its types say.
 */
function subjectOf({ subject }: { readonly subject: string | undefined }): CertificateFinding {
  if (subject === undefined || subject === '') return { fault: 'the client certificate has an empty subject' }
  const parts = subject.split('\n').map((line) => line.split(' + ').toReversed().join('+'))
  return { user: parts.toReversed().join(',') }
}
