import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Paths of two PEM files. */
export interface CertificateFiles {
  readonly certificateFile: string
  readonly keyFile: string
}

interface Asked {
  /** As openssl takes it, widest part first: `/OU=plant/CN=device-7`. */
  readonly subject: string
  /** Section of the configuration; a client when left out. */
  readonly kind?: 'authority' | 'server' | 'other_host' | 'client'
  readonly isExpired?: boolean
}

const config = `
[ca]
default_ca = this
[this]
database = index.txt
new_certs_dir = .
certificate = authority.crt
private_key = authority.key
rand_serial = yes
default_md = sha256
default_days = 30
default_crl_days = 30
unique_subject = no
policy = names
[names]
organizationalUnitName = optional
commonName = optional
[req]
distinguished_name = names
[authority]
basicConstraints = critical, CA:TRUE
[server]
subjectAltName = DNS:localhost, IP:127.0.0.1
[other_host]
subjectAltName = DNS:elsewhere.example
[client]
extendedKeyUsage = clientAuth
`

/** An authority made with the openssl command, in a directory of its own. */
export class CertificateAuthority {
  readonly caFile: string
  readonly #directory: string

  constructor(directory: string, subject: string) {
    mkdirSync(directory)
    this.#directory = directory
    this.caFile = join(directory, 'authority.crt')
    writeFileSync(join(directory, 'openssl.cnf'), config)
    writeFileSync(join(directory, 'index.txt'), '')
    this.#newKey('authority')
    const self = ['-x509', '-days', '30', '-subj', subject, '-extensions', 'authority']
    this.#openssl('req', '-config', 'openssl.cnf', ...self, '-key', 'authority.key', '-out', 'authority.crt')
  }

  issue(name: string, { subject, kind = 'client', isExpired = false }: Asked): CertificateFiles {
    this.#newKey(name)
    const request = ['-new', '-key', `${name}.key`, '-subj', subject, '-out', `${name}.csr`]
    this.#openssl('req', '-config', 'openssl.cnf', ...request)
    const files = ['-in', `${name}.csr`, '-out', `${name}.crt`]
    // only `ca` takes dates, and only `x509` leaves the subject as it was asked for
    const dates = ['-startdate', '20200101000000Z', '-enddate', '20200201000000Z']
    const signing = ['-CA', 'authority.crt', '-CAkey', 'authority.key', '-days', '30', '-extfile', 'openssl.cnf']
    if (isExpired) this.#ca('-batch', '-notext', '-extensions', kind, ...dates, ...files)
    else this.#openssl('x509', '-req', ...signing, '-extensions', kind, ...files)
    return this.#filesOf(name)
  }

  /** The same with a key that needs a passphrase. */
  encrypted({ certificateFile, keyFile }: CertificateFiles, passphrase: string): CertificateFiles {
    const copy = `${keyFile}.encrypted`
    this.#openssl('pkey', '-in', keyFile, '-out', copy, '-aes256', '-passout', `pass:${passphrase}`)
    return { certificateFile, keyFile: copy }
  }

  /** Writes a list of the certificates that are revoked by now. */
  revocationList(name: string, ...revoked: readonly CertificateFiles[]): string {
    for (const { certificateFile } of revoked) this.#ca('-revoke', certificateFile)
    this.#ca('-gencrl', '-out', `${name}.crl`)
    return join(this.#directory, `${name}.crl`)
  }

  #filesOf(name: string): CertificateFiles {
    return { certificateFile: join(this.#directory, `${name}.crt`), keyFile: join(this.#directory, `${name}.key`) }
  }

  #newKey(name: string): void {
    this.#openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`)
  }

  #ca(...args: readonly string[]): void {
    this.#openssl('ca', '-config', 'openssl.cnf', ...args)
  }

  #openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.#directory, stdio: 'pipe' })
  }
}

/** Everything the tests of TLS need, made once for a test file. `remove` takes it away again. */
export function makeCertificates() {
  const directory = mkdtempSync(join(tmpdir(), 'topiary-certificates-'))
  const authority = new CertificateAuthority(join(directory, 'ours'), '/CN=Test authority')
  const otherAuthority = new CertificateAuthority(join(directory, 'other'), '/CN=Other authority')
  const device = authority.issue('device', { subject: '/OU=plant/CN=device-7' })
  const revoked = authority.issue('revoked', { subject: '/OU=plant/CN=device-8' })
  const expiredAuthority = authority.issue('old', { subject: '/CN=Old authority', kind: 'authority', isExpired: true })
  return {
    directory,
    authority,
    otherAuthority,
    expiredAuthorityFile: expiredAuthority.certificateFile,
    server: authority.issue('server', { subject: '/CN=localhost', kind: 'server' }),
    renewed: authority.issue('renewed', { subject: '/CN=localhost', kind: 'server' }),
    expiredServer: authority.issue('expired', { subject: '/CN=localhost', kind: 'server', isExpired: true }),
    otherHost: authority.issue('other-host', { subject: '/CN=elsewhere.example', kind: 'other_host' }),
    device,
    revoked,
    expiredDevice: authority.issue('late', { subject: '/CN=device-9', isExpired: true }),
    foreign: otherAuthority.issue('foreign', { subject: '/OU=plant/CN=device-7' }),
    nameless: authority.issue('nameless', { subject: '/OU=plant' }),
    /** Its subject is empty. */
    unnamed: authority.issue('unnamed', { subject: '/' }),
    twoNames: authority.issue('two-names', { subject: '/CN=device-1/CN=device-2' }),
    /** Of a list of lists: before and after the revocation. */
    noneRevokedFile: authority.revocationList('before'),
    revocationFile: authority.revocationList('after', revoked),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

export type Certificates = ReturnType<typeof makeCertificates>
