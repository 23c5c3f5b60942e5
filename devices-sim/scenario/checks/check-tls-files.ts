import { createPrivateKey, X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { readNamedFile } from '../../named-file.ts'
import type { Scenario } from '../schema.ts'
import type { FaultList } from './fault-list.ts'

const CERTIFICATE = /^-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/
const PRIVATE_KEY = /-----BEGIN [\w ]*PRIVATE KEY-----/

type Name = 'ca' | 'cert' | 'key'

/** Reads certificates and key and has TLS take them, as a run will. */
export function checkTlsFiles({ broker }: Scenario, directory: string, faults: FaultList): void {
  const read = (name: Name, check: (text: string) => void): string | undefined => {
    const file = broker[name]
    if (file === undefined) return undefined
    const path = resolve(directory, file)
    try {
      const text = readNamedFile(path)
      attempt(path, () => check(text))
      return text
    } catch (error) {
      faults.add(['broker', name], `cannot be used: ${(error as Error).message}`)
      return undefined
    }
  }
  read('ca', (ca) => {
    checkCertificates(ca)
    createSecureContext({ ca })
  })
  const cert = read('cert', (text) => {
    checkCertificates(text)
    createSecureContext({ cert: text })
  })
  const key = read('key', checkKey)
  if (cert === undefined || key === undefined) return
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    faults.add(['broker', 'key'], `cannot be used with broker.cert: ${explained(error as NodeJS.ErrnoException)}`)
  }
}

/** TLS takes a text without any for an empty list, and stops silently at one that it cannot read. */
function checkCertificates(text: string): void {
  const certificates = text.split(/(?=-----BEGIN )/).filter((part) => CERTIFICATE.test(part))
  if (certificates.length === 0) {
    throw new Error('there is no certificate in it, which begins with -----BEGIN CERTIFICATE-----')
  }
  for (const certificate of certificates) void new X509Certificate(certificate)
}

function checkKey(text: string): void {
  if (!PRIVATE_KEY.test(text)) {
    throw new Error('there is no key in it, which begins with -----BEGIN PRIVATE KEY-----')
  }
  if (text.includes('ENCRYPTED')) throw new Error('the key is encrypted; give one without a passphrase')
  createPrivateKey(text)
  createSecureContext({ key: text })
}

function attempt(path: string, run: () => void): void {
  try {
    run()
  } catch (error) {
    throw new Error(`${path}: ${explained(error as NodeJS.ErrnoException)}`, { cause: error })
  }
}

function explained({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') return 'the key does not belong to the certificate'
  // the rest is in the words of OpenSSL
  return code?.startsWith('ERR_OSSL') === true ? `it is damaged, or no PEM file (${message})` : message
}
