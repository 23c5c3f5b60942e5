import { resolve } from 'node:path'
import type { ListenerConf } from '../conf/mosquitto-conf.ts'
import type { OptionName } from '../conf/options.ts'
import type { Given } from '../conf/scope-values.ts'
import { type Findings, tell } from './findings.ts'
import type { ListenerParts } from './listener-parts.ts'

const files = [
  ['certfile', 'tls.certificateFile'],
  ['keyfile', 'tls.keyFile'],
  ['cafile', 'tls.caFile'],
  ['capath', 'tls.caDirectory'],
  ['crlfile', 'tls.revocationFile'],
] as const satisfies readonly (readonly [OptionName, string])[]

const texts = [
  ['ciphers', 'tls.ciphers'],
  ['ciphers_tls1.3', 'tls.cipherSuites'],
] as const satisfies readonly (readonly [OptionName, string])[]

/** Sets the TLS of a listener, where certificates or pre-shared keys ask for it. */
export function setTls(
  { values }: ListenerConf,
  pskFile: Given<string> | undefined,
  parts: ListenerParts,
  findings: Findings,
): void {
  refuseContradictions(values, pskFile, findings)
  const hint = values.given('psk_hint')
  if (hint !== undefined && pskFile !== undefined) {
    parts.set('tls.psk.file', resolve(pskFile.value), pskFile.place)
    parts.set('tls.psk.hint', hint.value, hint.place)
    const identity = values.given('use_identity_as_username')
    parts.set('tls.certificateUser', identity?.value ? 'common-name' : 'none', identity?.place)
  } else if (values.has('certfile') && values.has('keyfile')) {
    setCertificates(values, parts, findings)
  } else return
  for (const [option, setting] of texts) parts.set(setting, values.get(option), values.place(option))
  const least = values.given('tls_version')
  parts.set('tls.minimumVersion', least?.value === 'tlsv1.3' ? 'TLSv1.3' : 'TLSv1.2', least?.place)
  if (least?.value === 'tlsv1.1') tell(findings.warnings, least.place, 'tlsv1.1 is too old; TLS 1.2 is the least here')
}

function setCertificates(values: ListenerConf['values'], parts: ListenerParts, { warnings, faults }: Findings): void {
  for (const [option, setting] of files) {
    const given = values.given(option)
    if (given !== undefined) parts.set(setting, resolve(given.value), given.place)
  }
  const isRequired = values.get('require_certificate') === true
  const common = values.given('use_identity_as_username')
  const subject = values.given('use_subject_as_username')
  const user = common?.value ? common : subject?.value ? subject : undefined
  if (isRequired || user !== undefined) {
    const place = isRequired ? values.place('require_certificate') : user?.place
    parts.set('tls.clientCertificate', 'required', place)
    if (!values.has('cafile') && !values.has('capath')) {
      tell(faults, place, 'client certificates need cafile or capath: the authorities that are believed')
    }
  }
  if (user !== undefined) {
    parts.set('tls.certificateUser', common?.value ? 'common-name' : 'subject', user.place)
    // there the broker would not ask for certificates, and refuse everybody for having none
    if (!isRequired)
      tell(warnings, user.place, 'without require_certificate true nobody could log in; it is taken as said')
  }
}

function refuseContradictions(
  values: ListenerConf['values'],
  pskFile: Given<string> | undefined,
  { faults, warnings }: Findings,
): void {
  const { certfile, keyfile, cafile, capath } = Object.fromEntries(files.map(([name]) => [name, values.place(name)]))
  const certificate = certfile ?? keyfile
  if ((certfile === undefined) !== (keyfile === undefined)) {
    tell(faults, certificate, 'certfile and keyfile belong together; give both or neither')
  }
  const authorities = cafile ?? capath
  if (authorities !== undefined && certificate === undefined) {
    // Mosquitto 2.0 opens the port without TLS; here nobody gets a plain port who asked for authorities
    tell(faults, authorities, 'cafile and capath need certfile and keyfile; without them there is no TLS')
  }
  const hint = values.place('psk_hint')
  if (hint !== undefined && certificate !== undefined) {
    tell(faults, hint, 'psk_hint cannot stand beside certfile and keyfile; make two listeners')
  }
  if (hint !== undefined && pskFile === undefined) tell(faults, hint, 'psk_hint needs the keys: psk_file FILE')
  const required = values.given('require_certificate')
  if (required?.value === true && certificate === undefined) {
    tell(warnings, required.place, 'require_certificate has no effect without certfile and keyfile: there is no TLS')
  }
  if (values.has('enable_proxy_protocol')) {
    const others = (['certfile', 'keyfile', 'use_subject_as_username'] as const).filter((name) => values.has(name))
    for (const name of others) tell(faults, values.place(name), `${name} cannot stand beside enable_proxy_protocol`)
  }
  if (values.get('tls_keyform') === 'engine') {
    tell(faults, values.place('tls_keyform'), 'engines of OpenSSL are not loaded; give the key as a PEM file')
  }
}
