import type { SecureContextOptions, TLSSocket } from 'node:tls'

/** How a listener encrypts, and what it asks of a client's certificate. */
export interface TlsTerms {
  /** Certificates, keys, revocation lists and versions as node:tls takes them. */
  readonly context: SecureContextOptions
  readonly clientCertificate: 'none' | 'optional' | 'required'
  /** What of a verified client certificate is taken for the user name. */
  readonly certificateUser: 'none' | 'common-name' | 'subject'
}

/** Of a socket whose handshake is over: who its certificate says it is, or why it is not let in. */
export type CertificateFinding = { readonly user: string | undefined } | { readonly fault: string }

export function judgeCertificate(socket: TLSSocket, terms: TlsTerms): CertificateFinding {
  if (terms.clientCertificate === 'none') return { user: undefined }
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) {
    return terms.clientCertificate === 'required' ? { fault: 'no client certificate' } : { user: undefined }
  }
  if (!socket.authorized) return { fault: `client certificate: ${String(socket.authorizationError)}` }
  if (terms.certificateUser === 'none') return { user: undefined }
  const user = terms.certificateUser === 'subject' ? subjectOf(certificate.subject) : commonName(socket)
  return user === undefined || user === '' ? { fault: 'the client certificate has no single common name' } : { user }
}

function commonName(socket: TLSSocket): string | undefined {
  const { CN: name } = socket.getPeerCertificate().subject as { CN?: string | string[] }
  return typeof name === 'string' ? name : undefined
}

/** Most specific part first, joined by commas: the form of RFC 2253. Node gives one part a line, the widest first. */
function subjectOf(lines: string): string {
  return lines.split('\n').toReversed().join(',')
}
